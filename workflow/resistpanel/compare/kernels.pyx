# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Compiled loops of the comparison: interpolation of posteriors, and moves between clusters."""

import numpy as np

from libc.math cimport M_PI, asin, exp, log, sqrt
from libc.string cimport memcpy, memset


cdef inline double at(
    double x, const double[::1] grid, const double[::1] values, Py_ssize_t *j
) noexcept nogil:
    """Interpolate, 0 below the grid and 1 above it; `j` is a cell at or below that of x."""
    cdef Py_ssize_t last = grid.shape[0] - 1
    cdef double slope
    if x < grid[0]:
        return 0.0
    if x > grid[last]:
        return 1.0
    while j[0] < last and grid[j[0] + 1] <= x:
        j[0] += 1
    if j[0] == last or grid[j[0]] == x:
        return values[j[0]]
    slope = (values[j[0] + 1] - values[j[0]]) / (grid[j[0] + 1] - grid[j[0]])
    return slope * (x - grid[j[0]]) + values[j[0]]


def interpolated(
    const double[:, ::1] x, const double[::1] grid, const double[::1] values
) -> np.ndarray:
    """Return a distribution function at frequencies.

    Parameters
    ----------
    x : float64, (rows, n)
        Ascending in each row.
    grid, values : float64, (points,)
        Where the function is known, ascending, and its values; it is 0 below and 1 above.

    Returns
    -------
    float64, (rows, n)
    """
    found = np.empty((x.shape[0], x.shape[1]))
    cdef double[:, ::1] out = found
    cdef Py_ssize_t row, i, j
    with nogil:
        for row in range(x.shape[0]):
            j = 0
            for i in range(x.shape[1]):
                out[row, i] = at(x[row, i], grid, values, &j)
    return found


def blurred(
    const double[::1] grid, const double[::1] edges, const double[::1] cumulative,
    const double[::1] errors,
):
    """Return a distribution function at the frequencies of `grid`, averaged over errors.

    Parameters
    ----------
    grid : float64, (n,)
        Ascending.
    edges, cumulative : float64, (cells + 1,)
        As those of `posterior.Posterior`.
    errors : float64, (errors,)
        Equally likely factors of the frequencies.

    Returns
    -------
    float64, (n,)
    """
    found = np.zeros(grid.shape[0])
    cdef double[::1] out = found
    cdef Py_ssize_t e, i, j
    with nogil:
        for e in range(errors.shape[0]):
            j = 0
            for i in range(grid.shape[0]):
                out[i] += at(errors[e] * grid[i], edges, cumulative, &j)
        for i in range(grid.shape[0]):
            out[i] /= errors.shape[0]
    return found


cdef void places(
    double scale, const double[::1] points, Py_ssize_t cells, Py_ssize_t *below, double *part
) noexcept nogil:
    """Find the frequencies scale * points, 1 at most, on a grid equal in arcsin(sqrt(f))."""
    cdef double place
    cdef Py_ssize_t p
    for p in range(points.shape[0]):
        place = scale * points[p]
        place = asin(sqrt(place if place < 1 else 1.0)) * (2 / M_PI * cells) - 0.5
        place = min(max(place, 0.0), cells - 1.001)
        below[p] = <Py_ssize_t>place
        part[p] = place - below[p]


def likelihoods(
    const double[:, :] grid, const double[::1] scale, const long long[:, ::1] copies,
    const double[::1] points, double[:, :, :] table, double[:, :, :] like,
):
    """Compute the log-likelihood of each cancer cell fraction (CCF) by each variant of a sample.

    Parameters
    ----------
    grid : float64, (variants, cells)
        Log-likelihoods of frequencies equal in arcsin(sqrt(f)).
    scale : float64, (variants,)
        Frequency of a mutation on one copy in all tumour cells.
    copies : int64, (variants, copies)
        Mutated copies.
    points : float64, (points,)
        CCF.
    table, like : float64, (variants, copies, points)
        Written: log-likelihoods, and likelihoods relative to the best of the variant.
    """
    cdef Py_ssize_t n = points.shape[0], i, m, p
    # Most variants have the same scale.
    cdef double[::1] known = np.full(copies.shape[1], -1.0)
    cdef Py_ssize_t[:, ::1] below = np.empty((copies.shape[1], n), np.intp)
    cdef double[:, ::1] part = np.empty((copies.shape[1], n))
    cdef double low, top
    with nogil:
        for i in range(grid.shape[0]):
            top = -1e300
            for m in range(copies.shape[1]):
                if scale[i] * copies[i, m] != known[m]:
                    known[m] = scale[i] * copies[i, m]
                    places(known[m], points, grid.shape[1], &below[m, 0], &part[m, 0])
                for p in range(n):
                    low = grid[i, below[m, p]]
                    table[i, m, p] = low + part[m, p] * (grid[i, below[m, p] + 1] - low)
                    if table[i, m, p] > top:
                        top = table[i, m, p]
            for m in range(copies.shape[1]):
                for p in range(n):
                    like[i, m, p] = exp(table[i, m, p] - top)


def added_up(const double[:, :] rows, const long long[::1] group, Py_ssize_t groups):
    """Return the sums of the rows of each group, (groups, columns)."""
    found = np.zeros((groups, rows.shape[1]))
    cdef double[:, ::1] out = found
    cdef Py_ssize_t i, p
    with nogil:
        for i in range(rows.shape[0]):
            for p in range(rows.shape[1]):
                out[group[i], p] += rows[i, p]
    return found


def log_marginal(
    const double[:, ::1] grid, const double[::1] scale, const long long[::1] of, Py_ssize_t free,
    const double[::1] points, const double[::1] weights,
):
    """Return the log probability of a sample's counts at its scale.

    Parameters
    ----------
    grid : float64, (rows, cells)
        Log-likelihoods of frequencies equal in arcsin(sqrt(f)).
    scale : float64, (rows,)
        Frequency at a CCF of 1; quicker where rows of one scale follow each other.
    of : int64, (rows,)
        Cluster of each row, from 0 to `free` - 1; -1: its CCF is 1.
    free : int
        Clusters whose CCF is averaged over.
    points, weights : float64, (points,)
        CCF with their prior; the last is 1.
    """
    cdef Py_ssize_t n = points.shape[0], i, p
    cdef Py_ssize_t[::1] below = np.empty(n, np.intp)
    cdef double[::1] part = np.empty(n)
    cdef double[:, ::1] sums = np.zeros((free, n))
    cdef double known = -1, whole = 0, low, top, total
    with nogil:
        for i in range(grid.shape[0]):
            if scale[i] != known:
                known = scale[i]
                places(known, points, grid.shape[1], &below[0], &part[0])
            if of[i] < 0:
                low = grid[i, below[n - 1]]
                whole += low + part[n - 1] * (grid[i, below[n - 1] + 1] - low)
                continue
            for p in range(n):
                low = grid[i, below[p]]
                sums[of[i], p] += low + part[p] * (grid[i, below[p] + 1] - low)
        for i in range(free):
            top, total = sums[i, 0], 0
            for p in range(1, n):
                top = max(top, sums[i, p])
            for p in range(n):
                total += exp(sums[i, p] - top) * weights[p]
            whole += log(total) + top
    return whole


cdef inline double dot(const double *a, const double *b, Py_ssize_t n) noexcept nogil:
    """Sum of products, in four parts that the processor adds up at the same time."""
    cdef double s0 = 0, s1 = 0, s2 = 0, s3 = 0
    cdef Py_ssize_t i = 0
    while i + 4 <= n:
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
        i += 4
    while i < n:
        s0 += a[i] * b[i]
        i += 1
    return (s0 + s1) + (s2 + s3)


cdef class Partition:
    """Clusters of variants, and what is known of each cluster's cancer cell fraction (CCF).

    Arrays over clusters have two rows more than there are variants; the first `number` are used,
    and the next holds the prior.

    Parameters
    ----------
    of, mutated : int64, (variants,)
        Cluster of each variant, and the row of `table` of its number of mutated copies.
    size : float64, (clusters,)
        Variants of each cluster.
    sums : float64, (clusters, samples, points)
        Log-likelihood of each CCF by all variants of the cluster.
    points : float64, (clusters, samples, points)
        Posterior of the CCF in each sample by itself.
    truncal : float64, (clusters,)
        Probability that the cluster is in all cells of every sample.
    table, like : float64, (variants, copies, samples, points)
        Log-likelihood of a variant, and its likelihood relative to the best.
    prior : float64, (variants, copies)
        Of the number of mutated copies.
    weights : float64, (points,)
        Prior of the CCF.
    concentration, truncal_prior : float
        Of the Chinese restaurant process; that a cluster is in all cells.
    """

    cdef public Py_ssize_t number
    cdef Py_ssize_t variants, copies, samples, width
    cdef long long[::1] of, mutated
    cdef double[::1] size, truncal, weights, chance
    cdef double[:, :, ::1] sums, points
    cdef double[:, :, :, ::1] table, like
    cdef double[:, ::1] prior
    cdef double concentration, truncal_prior

    def __init__(
        self, of, mutated, size, sums, points, truncal, table, like, prior, weights,
        double concentration, double truncal_prior,
    ):
        self.of, self.mutated, self.size, self.truncal = of, mutated, size, truncal
        self.sums, self.points, self.table, self.like = sums, points, table, like
        self.prior, self.weights = prior, weights
        self.concentration, self.truncal_prior = concentration, truncal_prior
        self.variants, self.copies = table.shape[:2]
        self.samples, self.width = table.shape[2:]
        self.chance = np.empty(size.size * self.copies)
        self.number = 0

    def refresh(self, Py_ssize_t k):
        """Compute the posterior of a cluster's CCF.

        Returns
        -------
        apart, truncal : float
            Log probability of the counts and that the samples have each a CCF of their own; and
            that all are 1.
        """
        cdef double apart = 0, truncal = 0
        self._refresh(k, &apart, &truncal)
        return apart, truncal

    cdef void _refresh(self, Py_ssize_t k, double *of_apart, double *of_truncal) noexcept nogil:
        cdef double *sums
        cdef double *points
        cdef double top, total, apart = log(1 - self.truncal_prior)
        cdef double truncal = log(self.truncal_prior)
        cdef Py_ssize_t s, p
        for s in range(self.samples):
            sums, points = &self.sums[k, s, 0], &self.points[k, s, 0]
            top = sums[0]
            for p in range(1, self.width):
                if sums[p] > top:
                    top = sums[p]
            total = 0
            for p in range(self.width):
                points[p] = exp(sums[p] - top) * self.weights[p]
                total += points[p]
            for p in range(self.width):
                points[p] /= total
            apart += log(total) + top
            truncal += sums[self.width - 1]
        self.truncal[k] = 1 / (1 + exp(apart - truncal))
        of_apart[0], of_truncal[0] = apart, truncal

    cdef void _shift(self, Py_ssize_t k, Py_ssize_t i, double sign) noexcept nogil:
        """Add a variant to the sums of a cluster, or take it out."""
        cdef double *sums = &self.sums[k, 0, 0]
        cdef double *table = &self.table[i, self.mutated[i], 0, 0]
        cdef double unused = 0
        cdef Py_ssize_t p
        for p in range(self.samples * self.width):
            sums[p] += sign * table[p]
        self._refresh(k, &unused, &unused)

    def resum(self):
        """Compute all sums and posteriors anew, as `of`, `mutated` and `table` say."""
        cdef Py_ssize_t i, p
        cdef double *sums
        cdef double *table
        cdef double unused = 0
        self.sums[:] = 0
        for i in range(self.variants):
            sums, table = &self.sums[self.of[i], 0, 0], &self.table[i, self.mutated[i], 0, 0]
            for p in range(self.samples * self.width):
                sums[p] += table[p]
        for i in range(self.number):
            self._refresh(i, &unused, &unused)

    cdef void _remove(self, Py_ssize_t i) noexcept nogil:
        cdef Py_ssize_t k = self.of[i], last, j
        cdef size_t whole = self.samples * self.width * sizeof(double)
        self.size[k] -= 1
        if self.size[k] > 0:
            self._shift(k, i, -1.0)
            return
        # The last cluster takes the place of the one that is empty.
        self.number -= 1
        last = self.number
        if k != last:
            memcpy(&self.sums[k, 0, 0], &self.sums[last, 0, 0], whole)
            memcpy(&self.points[k, 0, 0], &self.points[last, 0, 0], whole)
            self.size[k], self.truncal[k] = self.size[last], self.truncal[last]
            for j in range(self.variants):
                if self.of[j] == last:
                    self.of[j] = k
        memset(&self.sums[last, 0, 0], 0, whole)
        for j in range(self.samples):
            memcpy(&self.points[last, j, 0], &self.weights[0], self.width * sizeof(double))
        self.size[last], self.truncal[last] = 0, self.truncal_prior

    cdef void _add(self, Py_ssize_t i, double random) noexcept nogil:
        """Put a variant into a cluster, and give it a number of copies, by their probability."""
        cdef Py_ssize_t count = self.number + 1, n = self.copies, k, m, s, place
        cdef double total = 0, apart, in_all, prior
        cdef double *like
        for k in range(count):
            for m in range(n):
                prior = self.prior[i, m]
                if prior > 0:
                    apart, in_all = 1.0, 1.0
                    for s in range(self.samples):
                        like = &self.like[i, m, s, 0]
                        apart *= dot(&self.points[k, s, 0], like, self.width)
                        in_all *= like[self.width - 1]
                    apart = self.truncal[k] * in_all + (1 - self.truncal[k]) * apart
                    prior *= self.concentration if k == self.number else self.size[k]
                    total += apart * prior
                self.chance[k * n + m] = total
        if not total > 0:
            total = count * n
            for place in range(count * n):
                self.chance[place] = place + 1.0
        place = 0
        while place < count * n - 1 and self.chance[place] < random * total:
            place += 1
        k = place // n
        self.mutated[i] = place - k * n
        self.number = max(self.number, k + 1)
        self.of[i] = k
        self.size[k] += 1
        self._shift(k, i, 1.0)

    def add(self, const double[::1] random):
        """Put all variants into clusters, one after the other.

        Parameters
        ----------
        random : float64, (variants,)
            Uniform between 0 and 1.
        """
        cdef Py_ssize_t i
        for i in range(self.variants):
            self._add(i, random[i])

    def move(self, const double[:, ::1] random):
        """Move every variant, as often as there are rows of random numbers."""
        cdef Py_ssize_t turn, i
        for turn in range(random.shape[0]):
            for i in range(self.variants):
                self._remove(i)
                self._add(i, random[turn, i])
