# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Compiled loops of the comparison: comparison of posteriors, and moves between clusters."""

import numpy as np

from libc.math cimport M_PI, asin, exp, log, sqrt
from libc.string cimport memcpy, memset


cdef struct Steps:
    # A distribution function: ascending frequencies, its values there, and slopes between them.
    const double *grid
    const double *values
    const double *slopes
    Py_ssize_t last


cdef inline double at(const Steps *one, double x, Py_ssize_t *j) noexcept nogil:
    """Interpolate, 0 below the grid and 1 above it; `j` is a cell at or below that of x."""
    if x < one.grid[0]:
        return 0.0
    if x > one.grid[one.last]:
        return 1.0
    while j[0] < one.last and one.grid[j[0] + 1] <= x:
        j[0] += 1
    return one.slopes[j[0]] * (x - one.grid[j[0]]) + one.values[j[0]]


cdef void slopes_of(
    const double *grid, const double *values, double *slopes, Py_ssize_t last
) noexcept nogil:
    """Compute the slope of each cell of a distribution function; that of the last point is 0."""
    cdef Py_ssize_t i
    for i in range(last):
        slopes[i] = (values[i + 1] - values[i]) / (grid[i + 1] - grid[i])
    slopes[last] = 0.0


cdef class Curve:
    """A posterior of an allele frequency, and its distribution function averaged over errors.

    Parameters
    ----------
    edges, cumulative : float64, (cells + 1,)
        As those of `posterior.Posterior`.
    centres, weights : float64, (cells,)
        Likewise.
    nodes : float64, (errors,)
        Equally likely values of a standard normal error, ascending.
    points : int
        Frequencies at which an averaged distribution function is computed, even in sqrt(f).
    """

    cdef double[::1] edges, cumulative, slopes, centres, weights, nodes
    cdef double[::1] grid, values, grid_slopes
    cdef double log_sd
    cdef Steps exact, blurred

    def __init__(self, edges, cumulative, centres, weights, nodes, Py_ssize_t points):
        self.edges, self.cumulative, self.nodes = edges, cumulative, nodes
        self.centres, self.weights = centres, weights
        self.slopes = np.empty(len(edges))
        self.grid, self.values, self.grid_slopes = np.empty((3, points))
        self.log_sd = 0.0
        self.exact = Steps(&self.edges[0], &self.cumulative[0], &self.slopes[0], len(edges) - 1)
        self.blurred = Steps(&self.grid[0], &self.values[0], &self.grid_slopes[0], points - 1)
        slopes_of(self.exact.grid, self.exact.values, &self.slopes[0], self.exact.last)

    cdef const Steps *below(self, double log_sd) noexcept nogil:
        """Return the distribution function, averaged over a normal error of the logarithm."""
        cdef Py_ssize_t e, i, j, last = self.blurred.last, errors = self.nodes.shape[0]
        cdef double low, high, even, error = exp(log_sd * self.nodes[errors - 1])
        cdef double *grid = &self.grid[0]
        cdef double *values = &self.values[0]
        cdef const Steps *exact = &self.exact
        if log_sd <= 0:
            return exact
        if log_sd == self.log_sd:
            return &self.blurred
        self.log_sd = log_sd
        low, high = sqrt(exact.grid[0] / error), sqrt(exact.grid[exact.last] * error)
        for i in range(last + 1):
            even = low + (high - low) * (i * (1.0 / last) if i < last else 1.0)
            grid[i], values[i] = even * even, 0.0
        for e in range(errors):
            error, j = exp(log_sd * self.nodes[e]), 0
            for i in range(last + 1):
                values[i] += at(exact, error * grid[i], &j)
        for i in range(last + 1):
            values[i] /= errors
        slopes_of(grid, values, &self.grid_slopes[0], last)
        return &self.blurred


def probability_above(Curve pre, Curve post, const double[::1] ratio, double log_sd) -> np.ndarray:
    """Return the probability that f_post > ratio * f_pre.

    Either order of integration is right to the square of a cell. The one with more cells goes over
    them, so that the complement is exact when the samples change places.

    Parameters
    ----------
    pre, post : Curve
        Independent.
    ratio : float64, (n,)
        Positive.
    log_sd : float
        Standard deviation of a normal error of log(ratio); 0: none.

    Returns
    -------
    float64, (n,)
    """
    cdef Py_ssize_t of_pre = pre.weights.shape[0], of_post = post.weights.shape[0], row, i, j
    found = np.empty(ratio.shape[0])
    cdef double[::1] out = found
    cdef const Steps *before = NULL
    cdef const Steps *after = NULL
    cdef double total, both, here
    with nogil:
        if of_pre >= of_post:
            after = post.below(log_sd)
        if of_pre <= of_post:
            before = pre.below(log_sd)
        for row in range(ratio.shape[0]):
            both, here = 0, ratio[row]
            if after != NULL:
                j, total = 0, 0
                for i in range(of_pre):
                    total += pre.weights[i] * at(after, here * pre.centres[i], &j)
                both += 1 - total
            if before != NULL:
                j, total = 0, 0
                for i in range(of_post):
                    total += post.weights[i] * at(before, post.centres[i] / here, &j)
                both += total
            if after != NULL and before != NULL:
                both /= 2
            # Rounding may leave [0, 1] by a unit in the last place.
            out[row] = min(max(both, 0.0), 1.0)
    return found


def around(
    Curve pre, Curve post, double scale, double log_sd, double middle, const double[::1] steps,
    double probability, double most,
):
    """Return the distribution of the log of f_post * scale / f_pre about one of its quantiles.

    Parameters
    ----------
    pre, post : Curve
    scale, log_sd : float
        Factor of f_post, and standard deviation of a normal error of its logarithm.
    middle : float
        About where the quantile is.
    steps : float64, (n,)
        Distances from there, ascending and even about 0.
    probability : float
        Of the quantile: the distances are moved until it is between them.
    most : float
        Values are within -`most` and `most`.

    Returns
    -------
    at, below : float64, (n,)
        Values, and the distribution function there.
    """
    cdef Py_ssize_t i, last = steps.shape[0] - 1
    at, ratio = np.empty((2, last + 1))
    cdef double[::1] values = at, ratios = ratio
    while True:
        for i in range(last + 1):
            values[i] = min(max(middle + steps[i], -most), most)
            ratios[i] = exp(values[i]) / scale
        below = 1 - probability_above(pre, post, ratios, log_sd)
        if below[0] > probability and values[0] > -most:
            middle += 2 * steps[0]
        elif below[last] < probability and values[last] < most:
            middle += 2 * steps[last]
        else:
            return at, below


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
    cdef double *row
    cdef double *relative
    if table.strides[2] != sizeof(double) or like.strides[2] != sizeof(double):
        raise ValueError("the points must follow each other in memory")
    with nogil:
        for i in range(grid.shape[0]):
            top = -1e300
            for m in range(copies.shape[1]):
                row = &table[i, m, 0]
                if scale[i] * copies[i, m] != known[m]:
                    known[m] = scale[i] * copies[i, m]
                    places(known[m], points, grid.shape[1], &below[m, 0], &part[m, 0])
                for p in range(n):
                    low = grid[i, below[m, p]]
                    row[p] = low + part[m, p] * (grid[i, below[m, p] + 1] - low)
                    if row[p] > top:
                        top = row[p]
            for m in range(copies.shape[1]):
                row, relative = &table[i, m, 0], &like[i, m, 0]
                for p in range(n):
                    relative[p] = exp(row[p] - top)


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
    # What `_remove` changed: the cluster as it was, and the copies of the variant in it.
    cdef double[::1] old_sums, old_points
    cdef double old_truncal
    cdef Py_ssize_t old_cluster, old_copies
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
        self.old_sums, self.old_points = np.empty((2, self.samples * self.width))
        self.old_cluster = -1
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
                # Far below this exp is slow, and 0.
                points[p] = exp(sums[p] - top) * self.weights[p] if sums[p] - top > -700 else 0.0
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
        self.old_cluster = -1
        if self.size[k] > 0:
            # Most variants return to where they were.
            self.old_cluster, self.old_copies = k, self.mutated[i]
            self.old_truncal = self.truncal[k]
            memcpy(&self.old_sums[0], &self.sums[k, 0, 0], whole)
            memcpy(&self.old_points[0], &self.points[k, 0, 0], whole)
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

    cdef double _chance(self, Py_ssize_t i, Py_ssize_t k, Py_ssize_t m, double least) noexcept nogil:
        """Return the probability, up to a factor, that a variant is in a cluster with some copies.

        0 where it is below `least`: no likelihood exceeds 1.
        """
        cdef double prior = self.prior[i, m], apart = 1.0, in_all = 1.0
        cdef double *like
        cdef Py_ssize_t s
        prior *= self.concentration if k == self.number else self.size[k]
        if prior == 0:
            return 0.0
        for s in range(self.samples):
            in_all *= self.like[i, m, s, self.width - 1]
        for s in range(self.samples):
            if (self.truncal[k] * in_all + (1 - self.truncal[k]) * apart) * prior < least:
                return 0.0
            like = &self.like[i, m, s, 0]
            apart *= dot(&self.points[k, s, 0], like, self.width)
        return (self.truncal[k] * in_all + (1 - self.truncal[k]) * apart) * prior

    cdef void _add(self, Py_ssize_t i, double random) noexcept nogil:
        """Put a variant into a cluster, and give it a number of copies, by their probability."""
        cdef Py_ssize_t count = self.number + 1, n = self.copies, k, m, place
        cdef size_t whole = self.samples * self.width * sizeof(double)
        cdef double total = 0, least = 0
        if self.old_cluster >= 0:
            # What is smaller by more than a double holds is as good as none.
            least = 1e-18 * self._chance(i, self.old_cluster, self.old_copies, 0.0)
        for k in range(count):
            for m in range(n):
                total += self._chance(i, k, m, least)
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
        if k == self.old_cluster and self.mutated[i] == self.old_copies:
            memcpy(&self.sums[k, 0, 0], &self.old_sums[0], whole)
            memcpy(&self.points[k, 0, 0], &self.old_points[0], whole)
            self.truncal[k] = self.old_truncal
        else:
            self._shift(k, i, 1.0)

    def add(self, const double[::1] random):
        """Put all variants into clusters, one after the other.

        Parameters
        ----------
        random : float64, (variants,)
            Uniform between 0 and 1.
        """
        cdef Py_ssize_t i
        self.old_cluster = -1
        for i in range(self.variants):
            self._add(i, random[i])

    def move(self, const double[:, ::1] random):
        """Move every variant, as often as there are rows of random numbers."""
        cdef Py_ssize_t turn, i
        for turn in range(random.shape[0]):
            for i in range(self.variants):
                self._remove(i)
                self._add(i, random[turn, i])
