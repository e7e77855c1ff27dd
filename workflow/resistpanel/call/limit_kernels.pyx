# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Compiled models of one site, to find how many fragments of one sample make a call.

The formulas are those of `model.posterior.evaluate`, which the tests compare with these.
"""

import numpy as np

cimport cython
from libc.math cimport INFINITY, exp, fabs, floor, lgamma, log, log10, log1p, sqrt

cdef double LOG_TINY = -1e30
#: Terms smaller than the largest by more than this, in logs, are left out of a sum: 90 of them
#: change it by less than 0.5 %.
cdef double NEGLIGIBLE = -10.0
#: As `NEGLIGIBLE`, where the sum of one sample is multiplied by those of the others.
cdef double UNLIKELY = -28.0
#: A sample's frequencies this much less similar than the most similar one are left out.
cdef double DISSIMILAR = 1e-12
#: Where the log odds exceed what a call needs by less than this, each draw is asked.
cdef double CLOSE = 10.0
#: A number of fragments is asked again in a draw whose log odds, moved from those of the expected
#: errors as where these are lowest, exceed what a call needs by less than this.
cdef double DOUBTFUL = 3.0
#: Where each fragment adds more than this, the odds are as good as straight.
cdef double STEEP = 1.5


cdef extern from *:
    """
    /* The loops over frequencies and multipliers, two numbers at a time, as every machine has
       vectors of them. Each number is worked out as it would be by itself. */
    /* Multipliers in a row of a table: the last one is repeated up to a whole number of pairs. */
    enum { ROW = 16 };
    #define PARTS (ROW / 2)
    typedef double Pair __attribute__((vector_size(16), aligned(8), may_alias));
    typedef long long Mask __attribute__((vector_size(16), aligned(8), may_alias));

    /* a where the mask is set, else b. */
    #define CHOSEN(mask, a, b) ((Pair)(((Mask)(a) & (mask)) | ((Mask)(b) & ~(mask))))

    /* x = exp(x) of x from -40 to 0, as e^-40 below: (exp(x / 256))^256, exp by its series.
       Relative error 3e-9 at -1, 3e-5 at -10, 6e-3 at -40. */
    #define QUICK_EXP(x) do { \\
        const Pair least_ = {-40, -40}; \\
        const Pair y_ = CHOSEN(x > least_, x, least_) * (1 / 256.0); \\
        x = 1 + y_ * (1 + y_ * (0.5 + y_ * (1 / 6.0))); \\
        x *= x; x *= x; x *= x; x *= x; x *= x; x *= x; x *= x; x *= x; \\
    } while (0)

    /* out = exp(in - most) of n numbers. */
    static void quick_exps(
        double *restrict out, const double *restrict in, double most, int n)
    {
        int f = 0;
        for (; f + 2 <= n; f += 2) {
            Pair x = *(const Pair *)(in + f) - most;
            QUICK_EXP(x);
            *(Pair *)(out + f) = x;
        }
        for (; f < n; f++) {
            Pair x = {in[f] - most};
            QUICK_EXP(x);
            out[f] = x[0];
        }
    }

    /* Log-likelihoods of a frequency at all multipliers, with its prior above 0. */
    #define FILL_ROW(row, f) do { \\
        const Pair *s_ = (const Pair *)(scale + (f) * ROW); \\
        const double base_ = other * keep[f] + ((f) ? prior[(f) - 1] : 0); \\
        for (int i = 0; i < PARTS; i++) row[i] = base_ - total * s_[i]; \\
        for (int k = 0; k < kinds; k++) { \\
            const Pair *a_ = (const Pair *)(table[k] + (f) * ROW); \\
            for (int i = 0; i < PARTS; i++) row[i] += number[k] * a_[i]; \\
        } \\
    } while (0)

    static void fill_row(
        double *like, int f, double other, double total, const double *number,
        const double **table, int kinds, const double *keep, const double *prior,
        const double *scale)
    {
        Pair row[PARTS];
        FILL_ROW(row, f);
        for (int i = 0; i < PARTS; i++)
            ((Pair *)like)[i] = row[i];
    }

    /* Sums the likelihoods of frequencies, of each multiplier relative to its `highest`: from the
       frequency that is seen outwards, until nothing adds to any multiplier's sum. */
    static void sum_rows(
        double *like, double *highest, double *sums, int seen, int F, double negligible,
        double other, double total, const double *number, const double **table, int kinds,
        const double *keep, const double *prior, const double *scale)
    {
        Pair row[PARTS], most[PARTS], sum[PARTS];
        int first = seen, last = seen;
        for (int i = 0; i < PARTS; i++) {
            most[i] = ((Pair *)highest)[i];
            sum[i] = ((Pair *)sums)[i];
        }
        for (int up = 1; up >= 0; up--)
            while (up ? last < F : first > 1) {
                const int f = up ? last++ : --first;
                Mask near = {0};
                FILL_ROW(row, f);
                for (int i = 0; i < PARTS; i++) {
                    ((Pair *)(like + f * ROW))[i] = row[i];
                    most[i] = CHOSEN(most[i] > row[i], most[i], row[i]);
                    near |= row[i] - most[i] > negligible;
                }
                if (!(near[0] | near[1]))
                    break;
            }
        for (int f = first; f < last; f++)
            for (int i = 0; i < PARTS; i++) {
                Pair x = ((Pair *)(like + f * ROW))[i] - most[i];
                QUICK_EXP(x);
                sum[i] += x;
            }
        for (int i = 0; i < PARTS; i++) {
            ((Pair *)highest)[i] = most[i];
            ((Pair *)sums)[i] = sum[i];
        }
    }

    /* out = the sum of height * row of a kernel, n by n, over rows from first to last; `band` has
       the columns of each row that count. */
    static void convolve(
        double *restrict out, int n, const double *restrict height,
        const double *restrict kernel, const int *restrict band, int first, int last)
    {
        for (int f = 0; f < n; f++)
            out[f] = 0;
        for (int g = first; g < last; g++) {
            const double a = height[g], *restrict row = kernel + (long)g * n;
            const int end = band[2 * g + 1];
            for (int f = band[2 * g]; f < end; f++)
                out[f] += a * row[f];
        }
    }

    /* out = other * keep - total * scale + the sum of number * table; one frequency a place. */
    static void fill_frequencies(
        double *restrict out, int F, double other, double total, const double *restrict number,
        const double **table, int kinds, const double *restrict keep, const double *restrict scale)
    {
        for (int f = 0; f < F; f++)
            out[f] = other * keep[f] - total * scale[f];
        for (int k = 0; k < kinds; k++) {
            const double *restrict a = table[k];
            for (int f = 0; f < F; f++)
                out[f] += number[k] * a[f];
        }
    }
    """
    enum:
        WIDTH "ROW"
    void quick_exps(double *out, const double *numbers, double most, int n) noexcept nogil
    void fill_row(double *like, int f, double other, double total, const double *number,
                  const double **table, int kinds, const double *keep, const double *prior,
                  const double *scale) noexcept nogil
    void sum_rows(double *like, double *highest, double *sums, int seen, int F, double negligible,
                  double other, double total, const double *number, const double **table,
                  int kinds, const double *keep, const double *prior, const double *scale
                  ) noexcept nogil
    void convolve(double *out, int n, const double *height, const double *kernel,
                  const int *band, int first, int last) noexcept nogil
    void fill_frequencies(double *out, int F, double other, double total, const double *number,
                          const double **table, int kinds, const double *keep,
                          const double *scale) noexcept nogil


cdef inline double add(double a, double b) noexcept nogil:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b - a < NEGLIGIBLE:
        return a
    return a + log1p(exp(b - a))


cdef double log_sum(const double *a, int n) noexcept nogil:
    """log(sum(exp(a)))."""
    cdef double most = LOG_TINY, total = 0
    cdef int i
    for i in range(n):
        if a[i] > most:
            most = a[i]
    for i in range(n):
        if a[i] - most > NEGLIGIBLE:
            total += exp(a[i] - most)
    return log(total) + most


cdef double total_of(const double *a, int n) noexcept nogil:
    """sum(a), in four parts that the compiler adds side by side."""
    cdef double[4] part = [0, 0, 0, 0]
    cdef int i, j
    for i in range(0, n - 3, 4):
        for j in range(4):
            part[j] += a[i + j]
    for i in range(n - n % 4, n):
        part[0] += a[i]
    return part[0] + part[1] + part[2] + part[3]


cdef double poisson(double mean, double u) noexcept nogil:
    """Return the quantile u of a Poisson count; beyond a mean of 30, of its normal expansion."""
    cdef double p, total, k = 0, z
    if mean <= 0:
        return 0
    if mean > 30:
        z = normal_quantile(u)
        k = mean + z * sqrt(mean) + (z * z - 1) / 6
        return k if k > 0 else 0
    p = exp(-mean)
    total = p
    while u > total and k < 200:
        k += 1
        p *= mean / k
        total += p
    return k


cdef double gamma_quantile(double shape, double u) noexcept nogil:
    """Return the quantile u of a gamma distribution of mean 1 (Wilson and Hilferty)."""
    cdef double root = 1 - 1 / (9 * shape) + normal_quantile(u) / (3 * sqrt(shape))
    return root * root * root if root > 0 else 0


cdef double normal_quantile(double u) noexcept nogil:
    """Return the quantile u of the standard normal distribution (Abramowitz, Stegun 26.2.23)."""
    cdef double tail = u if u < 0.5 else 1 - u
    cdef double t = sqrt(-2 * log(tail if tail > 1e-12 else 1e-12))
    cdef double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (
        1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    return -z if u < 0.5 else z


@cython.final
cdef class Models:
    """The models of a patient's sites, evaluated for one site at a time.

    Parameters
    ----------
    constants : dict of arrays
        Tables over FREQUENCIES and MULTIPLIERS, see `limits._constants`.
    samples, normal : int
        `normal` is -1 without one.
    scalars : dict of float
        Log priors and thresholds.
    levels : int, (samples, 2)
        Indices into FREQUENCIES[1:] of half of each sample's contamination and of all of it;
        -1 if it is clean.
    tin_tumor : int
        Sample whose tumour is in the normal, -1 if none.
    """

    cdef int F, M, S, one, normal, tin_tumor, leaks
    cdef const double[:, :, ::1] table
    cdef const double[:, ::1] spread, narrow, close_spread
    cdef int[:, ::1] band, close_band
    cdef const double[::1] centres, frequency, log_keep, multiplier, leak
    cdef const double[:, ::1] scale
    cdef const double[::1] scale_at_one
    cdef const double[::1] prior, prior_of, artifact_of, hom_of, flat_of
    cdef const double[:, ::1] het_of
    cdef const int[:, ::1] levels
    cdef double log_somatic, log_null, log_own_prior, log_shared_prior, log_present, log_lacks
    cdef double within, within_constant
    cdef double[:, ::1] log_mean
    cdef double[:, :, ::1] log_side
    cdef double log_artifact_prior, log_tin, log_no_tin, tin_from, tin, needed_odds, needed_bf
    # of the site
    cdef double[::1] depth, w, like, row
    cdef double[:, ::1] expected
    cdef double[:, :, ::1] log_error, error
    cdef double[:, ::1] variant, log_of_error, error_square
    # The same at a multiplier of 1, side by side.
    cdef double[:, :, ::1] error_at_one
    cdef double[:, ::1] variant_at_one
    cdef double[::1] log_variant, height
    cdef double[:, :, ::1] log_rate, own_prior
    cdef double log_carried, het_prior, hom_prior
    cdef bint unproven
    # of its samples, as they are and without the allele
    cdef double[:, :, ::1] absent, present, at_one, alike, close, inherited
    cdef double[:, ::1] own, foreign, top
    cdef int[:, ::1] likeliest
    cdef double[:, ::1] errors

    def __init__(self, constants, int samples, int normal, scalars, levels, int tin_tumor):
        self.S, self.normal, self.tin_tumor = samples, normal, tin_tumor
        table = constants["table"]
        self.F, self.M = table.shape[1], table.shape[2]
        self.table = padded(table, self.M)
        self.spread, self.narrow = constants["spread"], constants["narrow"]
        self.close_spread = constants["close_spread"]
        self.band, self.close_band = band(self.spread), band(self.close_spread)
        self.centres, self.frequency = constants["log10_centres"], constants["frequency"]
        self.log_keep = constants["log_keep"]
        self.multiplier, self.leak = constants["multiplier"], constants["leak"]
        self.prior, self.prior_of = constants["prior"], np.exp(constants["prior"])
        self.artifact_of, self.het_of = np.exp(constants["artifact"]), np.exp(constants["het"])
        self.hom_of, self.flat_of = np.exp(constants["hom"]), np.exp(constants["flat"])
        self.one, self.leaks = constants["one"], len(constants["leak"])
        self.levels = levels
        self.log_somatic, self.log_null = scalars["somatic"], scalars["null"]
        self.log_own_prior, self.log_shared_prior = scalars["own"], scalars["shared"]
        self.log_present, self.log_lacks = scalars["present"], scalars["lacks"]
        self.log_artifact_prior = scalars["artifact"]
        self.log_tin, self.log_no_tin = scalars["tin_prior"], scalars["no_tin"]
        self.tin_from, self.tin = scalars["tin_from"], scalars["tin"]
        self.needed_odds, self.needed_bf = scalars["needed_odds"], scalars["needed_bf"]
        self.within = scalars["within_step"]
        self.within_constant = self.within * log(self.within) - lgamma(self.within)
        self.like = np.empty(self.F * WIDTH)
        scale = np.outer(constants["keep"], constants["multiplier"])
        self.scale = padded(scale, self.M)
        self.scale_at_one = np.ascontiguousarray(scale[:, self.one])
        self.row = np.empty(self.F)
        self.absent = np.empty((2, samples, self.M))
        self.present = np.empty((2, samples, self.M))
        self.at_one = np.empty((2, samples, self.F))
        self.alike = np.zeros((2, samples, self.F - 1))
        self.close = np.zeros((2, samples, self.F - 1))
        self.inherited = np.zeros((2, samples, 2))
        self.top = np.zeros((2, samples))
        self.likeliest = np.zeros((2, samples), dtype=np.int32)
        self.own = np.empty((2, samples))
        self.foreign = np.zeros((2, samples))
        self.errors = np.zeros((samples, 3))
        self.error = np.empty((samples, 3, self.F * WIDTH))
        self.variant = np.empty((3, self.F * WIDTH))
        self.error_at_one = np.empty((samples, 3, self.F))
        self.variant_at_one = np.empty((3, self.F))
        self.log_of_error, self.log_variant = np.empty((samples, 3)), np.empty(3)
        self.error_square = np.zeros((samples, 3))
        self.height = np.empty(self.F)
        self.log_mean = np.empty((samples, self.M))
        self.log_side = np.empty((samples, 2, self.M))

    def set_site(self, int sample, depth, expected, log_shared, log_own, log_rate, log_error,
                 double log_carried, double het_prior, double hom_prior, bint unproven):
        """Set the site.

        Parameters
        ----------
        sample : int
            The one with the variant.
        depth : (samples,)
        expected : (samples, 3)
        log_shared : (MULTIPLIERS,)
        log_own, log_rate : (samples, 2, MULTIPLIERS)
            The latter is the log error rate of good bases by orientation at each multiplier.
        log_error : (samples, 3, 3)
            Mean and standard deviation of the log error probability of fragments, by kind, and
            log of the mean error probability.
        unproven : bool
            Whether the allele is reported even if it may be inherited.
        """
        cdef int s, kind, o, m
        cdef double total
        self.depth, self.expected = depth, expected
        self.w, self.own_prior, self.log_rate = log_shared, log_own, log_rate
        self.log_error = log_error
        self.log_carried, self.het_prior, self.hom_prior = log_carried, het_prior, hom_prior
        self.unproven = unproven
        for s in range(self.S):
            total = self.expected[s, 0] + self.expected[s, 1] + self.expected[s, 2]
            for m in range(self.M):
                self.log_mean[s, m] = log(self.within + total * self.multiplier[m])
                for o in range(2):
                    self.log_side[s, o, m] = log(
                        self.within + self.expected[s, o] * self.multiplier[m])
            for kind in range(3):
                self.set_kind(s, kind, False)
                if s == sample:
                    self.set_kind(s, kind, True)
        for s in range(self.S):
            self.reduce(1, s, 0, 0, 0, 0, 0, 0)
            self.clear(s)

    cdef void clear(self, int s) noexcept nogil:
        """Set a sample to what it is without the allele."""
        self.absent[0, s, :] = self.absent[1, s, :]
        self.present[0, s, :] = self.present[1, s, :]
        self.at_one[0, s, :] = self.at_one[1, s, :]
        self.alike[0, s, :] = self.alike[1, s, :]
        self.close[0, s, :] = self.close[1, s, :]
        self.own[0, s] = self.own[1, s]
        self.foreign[0, s] = self.foreign[1, s]
        self.inherited[0, s, :] = self.inherited[1, s, :]
        self.top[0, s] = self.top[1, s]
        self.likeliest[0, s] = self.likeliest[1, s]

    cdef void add_error(self, double *table, double number, double log_error) noexcept nogil:
        """Add what fragments of an error probability say to a table of log-likelihoods."""
        cdef double at = log_error / log(10.0), upper
        cdef int last = self.centres.shape[0] - 1, low = 0, i
        cdef const double *a
        cdef const double *b
        at = min(max(at, self.centres[0]), self.centres[last])
        while low < last - 1 and self.centres[low + 1] <= at:
            low += 1
        upper = number * (at - self.centres[low]) / (self.centres[low + 1] - self.centres[low])
        number -= upper
        a, b = &self.table[low, 0, 0], &self.table[low + 1, 0, 0]
        for i in range(self.F * WIDTH):
            table[i] += number * a[i] + upper * b[i]

    cdef void set_kind(self, int s, int kind, bint variant) noexcept nogil:
        """Set what a fragment of a kind says, with the variant or with an error.

        The distribution of the log error probability has two points, of its mean, standard
        deviation and mean error probability; an error is from either in proportion to it.
        """
        cdef double *table = &self.variant[kind, 0] if variant else &self.error[s, kind, 0]
        cdef double *at_one = (
            &self.variant_at_one[kind, 0] if variant else &self.error_at_one[s, kind, 0])
        cdef int f
        self.fill_kind(s, kind, variant, table)
        for f in range(self.F):
            at_one[f] = table[f * WIDTH + self.one]

    cdef void fill_kind(self, int s, int kind, bint variant, double *table) noexcept nogil:
        """Fill a table of `set_kind`."""
        cdef double mean = self.log_error[s, kind, 0], sd = self.log_error[s, kind, 1]
        cdef double target = exp(self.log_error[s, kind, 2] - mean), low = 0.02, high = 0.98
        cdef double p = 0.5, up, down, share
        cdef double *total = &self.log_variant[kind] if variant else &self.log_of_error[s, kind]
        cdef int i
        for i in range(self.F * WIDTH):
            table[i] = 0
        if not variant:
            self.error_square[s, kind] = 0
        if sd < 0.05:
            total[0] = mean
            self.add_error(table, 1, mean)
            return
        for i in range(25):
            p = 0.5 * (low + high)
            up, down = sd * sqrt((1 - p) / p), -sd * sqrt(p / (1 - p))
            # The rarer the upper point, the further it is and the higher is the mean.
            if p * exp(up) + (1 - p) * exp(down) > target:
                low = p
            else:
                high = p
        share = p if variant else p * exp(up) / (p * exp(up) + (1 - p) * exp(down))
        total[0] = mean + share * up + (1 - share) * down
        if not variant:
            self.error_square[s, kind] = (up - down) * (up - down) * share * (1 - share)
        self.add_error(table, share, mean + up)
        self.add_error(table, 1 - share, mean + down)

    cdef void reduce(self, int which, int s, double v0, double v1, double v2,
                     double e0, double e1, double e2) noexcept nogil:
        """Set a sample's likelihoods from its fragments with the allele, by kind.

        v are those with the variant, e those with an error; `which` is 0 for the sample as it is,
        1 for its state without the allele.
        """
        cdef int F = self.F, M = self.M, m, k, kinds = 0, seen
        cdef double *like = &self.like[0]
        cdef double *number = [v0, v1, v2, e0, e1, e2]
        cdef const double *table[6]
        cdef const double *of_one[6]
        cdef double alt = v0 + v1 + v2 + e0 + e1 + e2
        cdef double other = max(self.depth[s] - alt, 0)
        cdef double total = self.expected[s, 0] + self.expected[s, 1] + self.expected[s, 2]
        cdef double of_others = v2 * self.log_variant[2] + e2 * self.log_of_error[s, 2]
        cdef double value
        cdef double highest[WIDTH]
        cdef double sums[WIDTH]
        for k in range(6):
            if number[k] > 0:
                number[kinds] = number[k]
                table[kinds] = &self.variant[k, 0] if k < 3 else &self.error[s, k - 3, 0]
                of_one[kinds] = (
                    &self.variant_at_one[k, 0] if k < 3 else &self.error_at_one[s, k - 3, 0])
                kinds += 1
        fill_frequencies(&self.at_one[which, s, 0], F, other, total, number, of_one, kinds,
                         &self.log_keep[0], &self.scale_at_one[0])
        fill_row(like, 0, other, total, number, table, kinds, &self.log_keep[0], &self.prior[0],
                 &self.scale[0, 0])
        value = self.within_constant + lgamma(self.within + alt)
        for m in range(M):
            # `posterior.log_within_step`
            self.absent[which, s, m] = (
                like[m] + value + total * self.multiplier[m]
                - (self.within + alt) * self.log_mean[s, m]
            )
        for m in range(WIDTH):
            highest[m] = LOG_TINY
            sums[m] = 0
        seen = min(self.not_below(alt / max(self.depth[s], 1e-9)) + 1, F - 1)
        sum_rows(like, highest, sums, seen, F, NEGLIGIBLE, other, total, number, table, kinds,
                 &self.log_keep[0], &self.prior[0], &self.scale[0, 0])
        for m in range(M):
            self.present[which, s, m] = log(sums[m]) + highest[m]
        self.smooth(which, s)
        self.own[which, s] = (
            self.side(s, 0, v0 + e0) + self.side(s, 1, v1 + e1) + of_others
            - self.expected[s, 2]
        )

    cdef double side(self, int s, int o, double damaged) noexcept nogil:
        """Log-likelihood of an orientation's errors under the sample's own multipliers."""
        cdef double row[64]
        cdef int m
        # With `posterior.log_within_step`, in which the expected errors cancel.
        for m in range(self.M):
            row[m] = (self.own_prior[s, o, m] + damaged * self.log_rate[s, o, m]
                      - (self.within + damaged) * self.log_side[s, o, m])
        return log_sum(row, self.M) + self.within_constant + lgamma(self.within + damaged)

    cdef void smooth(self, int which, int s) noexcept nogil:
        """Set what samples at a similar frequency are compared by, relative to `top`, in logs."""
        cdef int n = self.F - 1, f, g, first = n, last = 0, at = 0
        cdef double most, a, b
        cdef double *height = &self.height[0]
        cdef const double *one = &self.at_one[which, s, 1]
        for f in range(n):
            if one[f] > one[at]:
                at = f
        # The last frequency is that of an allele without another one.
        self.likeliest[which, s] = at if at < n - 1 else self.second(one)
        most = self.top[which, s] = one[at]
        quick_exps(height, one, most, n)
        for f in range(n):
            if one[f] - most > UNLIKELY:
                first = min(first, f)
                last = f + 1
        convolve(&self.alike[which, s, 0], n, height, &self.spread[0, 0], &self.band[0, 0], first,
                 last)
        if self.normal >= 0:
            convolve(&self.close[which, s, 0], n, height, &self.close_spread[0, 0],
                     &self.close_band[0, 0], first, last)
        if self.levels[s, 0] >= 0:
            a = b = 0
            for g in range(first, last):
                a += height[g] * self.narrow[self.levels[s, 0], g]
                b += height[g] * self.narrow[self.levels[s, 1], g]
            self.foreign[which, s] = log((a + b) / 2 + 1e-300) + most
        self.inherit(which, s)

    cdef int second(self, const double *one) noexcept nogil:
        """Return the index into FREQUENCIES[1:] of the likeliest frequency but the last."""
        cdef int f, at = 0
        for f in range(1, self.F - 2):
            if one[f] > one[at]:
                at = f
        return at

    cdef void inherit(self, int which, int s) noexcept nogil:
        """Set a sample's log-likelihoods of a heterozygous and of a homozygous variant."""
        cdef const double *one = &self.at_one[which, s, 0]
        cdef const double *flat = &self.flat_of[0]
        cdef double *row = &self.row[0]
        cdef double het = 0, hom = 0, most = self.top[which, s], height
        cdef int f
        if self.normal >= 0 and s != self.normal:
            most = max(most, one[0])
            quick_exps(row, one, most, self.F)
            for f in range(self.F):
                row[f] *= flat[f]
            hom = het = total_of(row, self.F)
        else:
            for f in range(self.F - 1):
                height = exp(one[f + 1] - most) if one[f + 1] - most > -80 else 0
                het += height * self.het_of[s, f]
                hom += height * self.hom_of[f]
        self.inherited[which, s, 0] = log(het + 1e-300) + most
        self.inherited[which, s, 1] = log(hom + 1e-300) + most

    cdef int not_below(self, double frequency) noexcept nogil:
        """Return the index of the first of FREQUENCIES[1:] that is not below, as searchsorted."""
        cdef int low = 0
        while low < self.F - 1 and self.frequency[low + 1] < frequency:
            low += 1
        return low

    cdef double log_alike(self, int s, int f) noexcept nogil:
        """Return the log-likelihood of a sample about a frequency."""
        return log(self.alike[0, s, f] + 1e-300) + self.top[0, s]

    cdef double alike_in(self, const double *prior, const double[:, :, ::1] of, bint normal
                         ) noexcept nogil:
        """Return the log-likelihood of all samples, or all tumours, about one frequency."""
        cdef double result = 0
        cdef double *row = &self.row[0]
        cdef const double *column
        cdef int s, f
        for f in range(self.F - 1):
            row[f] = prior[f]
        for s in range(self.S):
            if normal or s != self.normal:
                result += self.top[0, s]
                column = &of[0, s, 0]
                for f in range(self.F - 1):
                    row[f] *= column[f]
        return log(total_of(row, self.F - 1) + 1e-300) + result

    cdef double with_tumor(self) noexcept nogil:
        """Log-likelihood of the normal with an unknown fraction of tumour."""
        cdef double row[64]
        cdef double highest = 0
        cdef int s, k
        for s in range(self.S):
            if s != self.normal:
                highest = max(highest, self.frequency[self.likeliest[0, s] + 1])
        if highest < self.tin_from:
            return LOG_TINY
        for k in range(self.leaks):
            row[k] = self.log_alike(self.normal, self.not_below(highest * self.leak[k]))
        return log_sum(row, self.leaks) - log(<double>self.leaks)

    cdef double somatic(self) noexcept nogil:
        """Log prior times likelihood of a variant of at least one tumour."""
        cdef double some[64]
        cdef double normal[64]
        cdef double either, none, leak = 0, value, result
        cdef int m, s, f, at, tumors = 0
        for s in range(self.S):
            tumors += s != self.normal
        for m in range(self.M):
            either = none = 0
            for s in range(self.S):
                if s != self.normal:
                    either += add(self.log_lacks + self.absent[0, s, m],
                                  self.log_present + self.present[0, s, m])
                    none += self.log_lacks + self.absent[0, s, m]
            some[m] = either + log1p(-exp(min(none - either, -1e-15))) + self.w[m]
        if self.normal >= 0:
            leak = self.with_tumor()
            for m in range(self.M):
                normal[m] = add(self.log_no_tin + self.absent[0, self.normal, m],
                                self.log_tin + leak)
            if self.tin_tumor >= 0:
                value = self.frequency[self.likeliest[0, self.tin_tumor] + 1]
                at = min(self.not_below(value * self.tin), self.F - 2)
                value = self.log_alike(self.normal, at)
                for m in range(self.M):
                    normal[m] = add(self.absent[0, self.normal, m], value) - log(2.0)
            for m in range(self.M):
                some[m] += normal[m]
        result = log_sum(some, self.M)
        if tumors > 1:
            value = self.alike_in(&self.prior_of[0], self.alike, False)
            if self.normal >= 0:
                for m in range(self.M):
                    normal[m] += self.w[m]
                value += log_sum(normal, self.M)
            result = add(result, value) - log(2.0)
        return self.log_somatic + result

    cdef double null(self, double less, double damaged) noexcept nogil:
        """Log prior times likelihood of absence.

        Errors are less likely by `less`, and damage of one orientation by `damaged`.
        """
        cdef double row[64]
        cdef double own = 0
        cdef int m, s
        for m in range(self.M):
            row[m] = self.w[m]
            for s in range(self.S):
                row[m] += self.absent[0, s, m]
        for s in range(self.S):
            own += self.own[0, s]
        return self.log_null + add(self.log_shared_prior + log_sum(row, self.M) - less,
                                   self.log_own_prior + own - damaged)

    cdef double germline(self) noexcept nogil:
        """Log prior times likelihood of a germline variant."""
        cdef double het = 0, hom = 0
        cdef int s
        for s in range(self.S):
            het += self.inherited[0, s, 0]
            hom += self.inherited[0, s, 1]
        return add(het + self.het_prior, hom + self.hom_prior)

    cdef double recurrent(self) noexcept nogil:
        """Log prior times likelihood of a recurrent artefact."""
        if self.normal < 0:
            return LOG_TINY
        return self.log_artifact_prior + self.alike_in(&self.artifact_of[0], self.close, True)

    cdef double from_others(self) noexcept nogil:
        """Log prior times likelihood of another person's allele."""
        cdef double row[64]
        cdef double result = 0
        cdef int s, m, clean = 0, any_ = 0
        for m in range(self.M):
            row[m] = self.w[m]
        for s in range(self.S):
            if self.levels[s, 0] >= 0:
                any_ = 1
                result += self.foreign[0, s]
            else:
                clean += 1
                for m in range(self.M):
                    row[m] += self.absent[0, s, m]
        if not any_:
            return LOG_TINY
        if clean:
            result += log_sum(row, self.M)
        return result + self.log_carried

    cdef double odds(self, double less, double damaged) noexcept nogil:
        """Log odds of a call against all else, with `less` and `damaged` as in `null`."""
        cdef double somatic = self.somatic(), germline = self.germline()
        cdef double others = add(add(self.null(less, damaged), self.recurrent()), self.from_others())
        if self.unproven:
            return add(somatic, germline) - others
        return somatic - add(others, germline)

    cdef double factor(self, int s) noexcept nogil:
        """Log Bayes factor of presence in a sample."""
        cdef double a[64]
        cdef double b[64]
        cdef int m
        for m in range(self.M):
            a[m] = self.w[m] + self.present[0, s, m]
            b[m] = self.w[m] + self.absent[0, s, m]
        return log_sum(a, self.M) - log_sum(b, self.M)

    def evaluate(self, const double[:, ::1] variant, const double[:, ::1] errors):
        """Return log odds of a call and each sample's log Bayes factor; for the tests.

        `variant` and `errors` are fragments by kind, (samples, 3).
        """
        cdef int s
        for s in range(self.S):
            self.reduce(0, s, variant[s, 0], variant[s, 1], variant[s, 2],
                        errors[s, 0], errors[s, 1], errors[s, 2])
        return self.odds(0, 0), np.array([self.factor(s) for s in range(self.S)])

    cdef double margin(self, int s, const double *part, double k, const double *z, int m
                       ) noexcept nogil:
        """Return by how much the log odds of a call exceed what it needs; the sample has k.

        Parameters
        ----------
        part : (3,)
            Fraction of the fragments by kind.
        z : (4,)
            Deviations of the fragments from the average, in standard deviations: of their error
            probabilities within a kind, of their orientation, of the number of the third kind; of
            the error probabilities of the other samples' errors.
        m : int
            Index of the multiplier of the site.
        """
        cdef double forward = part[0] / (part[0] + part[1]) if part[2] < 1 else 0.5
        cdef double rest = part[2] + z[2] * sqrt(part[2] * (1 - part[2]) / max(k, 1))
        cdef double good, less = 0, damaged = 0, f = k / self.depth[s]
        rest = k * min(max(rest, 0), 1)
        good = k - rest
        forward += z[1] * sqrt(forward * (1 - forward) / max(good, 1))
        forward = min(max(forward, 0), 1)
        self.reduce(0, s, good * forward, good * (1 - forward), rest,
                    self.errors[s, 0], self.errors[s, 1], self.errors[s, 2])
        if z[0] != 0:
            # Damage does not depend on base quality, so that only the variant's part varies.
            less = z[0] * self.spread_within(s, part, f, m, True) * sqrt(k)
            damaged = -z[0] * self.spread_within(s, part, f, m, False) * sqrt(k)
        # Of the models, damage alone takes no account of the quality of errors.
        damaged += z[3] * self.spread_of_errors(s)
        return min(self.odds(less, damaged) - self.needed_odds, self.factor(s) + less - self.needed_bf)

    cdef double spread_within(self, int s, const double *part, double f, int m, bint ratio
                              ) noexcept nogil:
        """Return the standard deviation within kinds of what a fragment says for a variant.

        That is log((f + m e) / e) of a fragment with error probability e if `ratio`, else
        log(f + m e).
        """
        cdef double square = 0, mean, sd, value
        cdef int kind
        for kind in range(3):
            mean, sd = self.log_error[s, kind, 0], self.log_error[s, kind, 1]
            if part[kind] > 0 and sd > 0:
                value = log((f + self.multiplier[m] * exp(mean + sd))
                            / (f + self.multiplier[m] * exp(mean - sd))) / 2
                if ratio:
                    value = sd - value
                square += part[kind] * value * value
        return sqrt(square)

    cdef double spread_of_errors(self, int s) noexcept nogil:
        """Return the standard deviation of the log probability of the other samples' errors.

        Of good bases, given how many there are.
        """
        cdef double square = 0
        cdef int j, o
        for j in range(self.S):
            for o in range(2):
                if j != s:
                    square += self.errors[j, o] * self.error_square[j, o]
        return sqrt(square)

    cdef void draw(self, int s, const double *u, bint own, int given, int side,
                   const double *cum_own, double keep) noexcept nogil:
        """Set the errors of all samples, drawn from the fitted model.

        Parameters
        ----------
        u : (5 samples,)
            Quantiles: by sample and orientation of m, then by sample and kind of the count. What
            they leave open of m is its place within a step of the grid.
        own : bool
            Whether the samples' multipliers are independent.
        given : int
            Index of the multiplier: of all samples, or of one orientation (`side`) of the sample.
        cum_own : (samples, 2, MULTIPLIERS)
            Distribution functions of m.
        keep : double
            Fraction of the sample's fragments that lack the variant: of these are its errors.
        """
        cdef int j, o, M = self.M, m
        cdef double mean, seen, at, low, factor
        for j in range(self.S):
            seen = 0
            for o in range(3):
                m = given
                at = u[2 * j + (o if own and o < 2 else 0)]
                if own and o < 2 and not (j == s and o == side):
                    m = 0
                    while m < M - 1 and at > cum_own[(2 * j + o) * M + m]:
                        m += 1
                    low = cum_own[(2 * j + o) * M + m - 1] if m else 0
                    at = (at - low) / max(cum_own[(2 * j + o) * M + m] - low, 1e-12)
                factor = gamma_quantile(self.within, min(max(at, 1e-6), 1 - 1e-6))
                mean = self.expected[j, o] * (
                    1.0 if own and o == 2 else factor * self.multiplier[m])
                mean *= keep if j == s else 1.0
                self.errors[j, o] = poisson(min(mean, 0.5 * self.depth[j]),
                                            u[2 * self.S + 3 * j + o])
                seen += self.errors[j, o]
            if j == s:
                continue
            if seen > 0:
                self.reduce(0, j, 0, 0, 0, self.errors[j, 0], self.errors[j, 1],
                            self.errors[j, 2])
            else:
                self.clear(j)

    cdef bint no_errors(self) noexcept nogil:
        """Return whether no sample shows the allele by error."""
        cdef int s, o
        for s in range(self.S):
            for o in range(3):
                if self.errors[s, o] > 0:
                    return False
        return True

    cdef double root(self, int s, const double *part, double start, double *slope,
                     const double *z, int m) noexcept nogil:
        """Return the number of fragments from which on a call is made, near `start`."""
        cdef double n = self.depth[s], low = 0, high = n, at_low = -1, at_high = -1
        cdef double k = min(max(start, 0.5), n), value, step, last_k = -1, last = 0, near
        cdef int i
        for i in range(30):
            value = self.margin(s, part, k, z, m)
            if last_k >= 0 and fabs(k - last_k) > 1e-9:
                # Where the odds hardly change, the step is bounded below.
                slope[0] = max((value - last) / (k - last_k), 1e-4)
            last_k, last = k, value
            if value < 0:
                low, at_low = k, value
                if k >= n:
                    return INFINITY
            else:
                high, at_high = k, value
                if k <= 0.5:
                    return k
            step = -value / slope[0]
            near = 0.5 + 0.1 * sqrt(k)
            if slope[0] > STEEP and fabs(step) < 0.5 + 0.3 * sqrt(k):
                return min(max(k + step, 0), n)
            if fabs(step) < near:
                if i:
                    return min(max(k + step, 0), n)
                # Once more, to know the slope here.
                step = near if step >= 0 else -near
            if high - low < near and at_low < 0 <= at_high:
                return low + (high - low) * at_low / (at_low - at_high)
            step = min(max(step, -0.4 * k - 0.5), 0.6 * k + 1)
            k = k + step
            if k <= low or k >= high:
                # Beyond what is known: halfway between, or to the end that was not tried.
                if at_high < 0 and k >= n:
                    k = n
                elif k <= 0.5 and low == 0:
                    k = 0.5
                else:
                    k = 0.5 * (low + high)
        return 0.5 * (low + high)

    cdef double refused(self, int s, const double *part, const double[::1] checks,
                        const double[::1] of_checks, double beyond, const double *z, int m
                        ) noexcept nogil:
        """Return the largest number of fragments beyond one that is refused in a draw, 0 if none.

        Parameters
        ----------
        checks : (n,)
            Numbers that are asked, falling.
        of_checks : (n,)
            Their `margin` with the expected errors.
        """
        cdef int i, lowest = 0, n = 0
        cdef double at_lowest, value
        while n < checks.shape[0] and checks[n] > beyond:
            if of_checks[n] < of_checks[lowest]:
                lowest = n
            n += 1
        if n == 0:
            return 0
        at_lowest = self.margin(s, part, checks[lowest], z, m)
        for i in range(n):
            if i == lowest:
                value = at_lowest
            elif of_checks[i] + at_lowest - of_checks[lowest] > DOUBTFUL:
                continue
            else:
                value = self.margin(s, part, checks[i], z, m)
            if value < 0:
                return checks[i]
        return 0

    def critical(self, int s, part, uniform, own, given, clean, int side, levels,
                 double cap, double until, bint last_refused, double least):
        """Return how many fragments with the variant make a call, for each draw of the errors.

        Parameters
        ----------
        s : int
            The sample with the variant.
        part : (3,)
            Fraction of its fragments by kind.
        uniform : float64, (draws, 4 + 5 samples)
            Quantiles: of the first three deviations z of `margin`, then as in `draw`, then of the
            fourth.
        own, given : int32, (draws,)
            As in `draw`, like `side`.
        clean : float64, (n, 3)
            Quantiles of the deviations of draws in which no sample shows an error: they are asked
            for these alone, in turn.
        levels : list of float
            Numbers of fragments at which the models change.
        cap : float
            Up to this frequency, refused numbers of fragments lie below the limit.
        until : float
            Frequency from which on what is called beyond doubt stays so; 0 if none does.
        last_refused : bool
            Whether that holds for numbers below all that are called, too.
        least : double
            Frequency that a filter asks for.

        Returns
        -------
        number : float64, (draws,)
            Real: a call is made from the next integer on. Infinite where none is.
        seen : float64, (draws,)
            Fragments of the sample that show the allele by error.
        spans : list of (float, float)
            Numbers between which there are calls when errors are as expected: the first is that
            of `number`, and further ones beyond it.
        """
        cdef const double[:, ::1] u = uniform
        cdef const double[:, ::1] quiet = clean
        cdef const double *usable
        cdef double[::1] answers = np.empty(quiet.shape[0])
        cdef int cleared = 0
        cdef const int[::1] is_own = own
        cdef const int[::1] which = given
        cdef double[::1] fractions = part
        cdef double[::1] result = np.full(u.shape[0], INFINITY)
        cdef double[::1] seen = np.zeros(u.shape[0])
        cdef double[:, :, ::1] cum_own = np.cumsum(np.exp(self.own_prior), axis=2)
        cdef double n = self.depth[s], k, slope, centre, steep, start
        cdef double z[4]
        cdef double usual = 0, keep
        cdef int i, j, o, r, first
        cdef double[::1] checks, of_checks
        cdef double refused
        # The expected errors first, to see what is called at all.
        z[0] = z[1] = z[2] = z[3] = 0
        for j in range(self.S):
            for o in range(3):
                self.errors[j, o] = self.expected[j, o]
                usual += self.expected[j, o] if j == s else 0
            if j != s:
                self.reduce(0, j, 0, 0, 0, self.errors[j, 0], self.errors[j, 1],
                            self.errors[j, 2])
        grid = [k for k in levels if 1.5 < k < n] + [n]
        k = 1.5
        while k < n:
            grid.append(k)
            k *= 1.5
        grid = sorted(set(grid))
        values = []
        for k in grid:
            values.append(self.margin(s, &fractions[0], k, z, self.one))
            if until > 0 and k >= until * n and values[len(values) - 1] > 4 * CLOSE:
                # All larger numbers are called beyond doubt.
                break
        grid = grid[:len(values)]
        passed = [v >= 0 for v in values]
        first = passed.index(True) if True in passed else len(grid)
        # Up to the cap, what is refused above a called number raises the limit.
        for i in range(len(grid)):
            if not passed[i] and grid[i] <= cap * n and (last_refused or i > first):
                first = i + 1
        while first < len(grid) and not passed[first]:
            first += 1
        if first == len(grid):
            return np.asarray(result), np.asarray(seen), []
        j = max(first, 1)
        steep = (values[j] - values[j - 1]) / (grid[j] - grid[j - 1]) if len(grid) > 1 else 1
        steep = max(steep, 1e-3)
        centre = grid[first] - values[first] / steep if first else grid[0]
        slope = steep
        centre = self.root(s, &fractions[0], centre, &slope, z, self.one)
        steep = slope
        called = spans(grid, values, first, centre)
        # Well below where a germline variant is likelier than a somatic one, if anywhere.
        close = min(8 * centre + 2, 0.5 * called[0][1]) if called else 0
        near = [k for k, v in zip(grid, values) if centre < k <= close and v < CLOSE]
        near = near[len(near) - 1] if near else 0
        k = centre * 1.2 + 0.5
        close = []
        while k < 1.2 * near:
            close.append(k)
            k *= 1.2
        checks = np.array(close[::-1], dtype=float)
        if close:
            of_checks = np.interp(checks, grid, values)
        keep = 1 - min(max(centre / n, least), 1)
        for r in range(u.shape[0]):
            self.draw(s, &u[r, 3], is_own[r], which[r], side, &cum_own[0, 0, 0], keep)
            usable = &u[r, 0]
            if self.no_errors():
                if cleared >= quiet.shape[0]:
                    result[r] = answers[cleared % quiet.shape[0]]
                    cleared += 1
                    continue
                usable = &quiet[cleared, 0]
            for i in range(3):
                z[i] = normal_quantile(usable[i])
            z[3] = normal_quantile(u[r, 3 + 5 * self.S])
            slope = steep
            seen[r] = self.errors[s, 0] + self.errors[s, 1] + self.errors[s, 2]
            start = max(centre + usual - seen[r], 0.3 * centre)
            result[r] = self.root(s, &fractions[0], start, &slope, z, which[r])
            if checks.shape[0] > 0:
                # An artefact, or damage, may explain more fragments where it does not fewer.
                refused = self.refused(s, &fractions[0], checks, of_checks, result[r], z, which[r])
                if refused > 0:
                    slope = steep
                    result[r] = self.root(s, &fractions[0], 1.1 * refused, &slope, z, which[r])
            if usable != &u[r, 0]:
                answers[cleared] = result[r]
                cleared += 1
        return np.asarray(result), np.asarray(seen), called


    def margins(self, int s, part, uniform, int own, int given, int side, numbers):
        """Return `margin` at some numbers of fragments in one draw, and the draw's errors."""
        cdef const double[::1] u = uniform
        cdef double[::1] fractions = part
        cdef double[:, :, ::1] cum_own = np.cumsum(np.exp(self.own_prior), axis=2)
        cdef double z[4]
        cdef int i
        self.draw(s, &u[3], own, given, side, &cum_own[0, 0, 0], 1)
        for i in range(3):
            z[i] = normal_quantile(u[i])
        z[3] = normal_quantile(u[3 + 5 * self.S])
        found = [self.margin(s, &fractions[0], k, z, given) for k in numbers]
        return np.array(found), np.array(self.errors)


def padded(table, int multipliers):
    """Return a table over multipliers, its last axis, as rows of `WIDTH`."""
    if multipliers > WIDTH:
        raise ValueError(f"{multipliers} multipliers do not fit rows of {WIDTH}")
    column = np.minimum(np.arange(WIDTH), multipliers - 1)
    return np.ascontiguousarray(np.take(table, column, axis=-1))


def band(kernel):
    """Return the first and the end column of each row that are not `DISSIMILAR`, (rows, 2)."""
    used = np.asarray(kernel) > DISSIMILAR * np.max(kernel, axis=1, keepdims=True)
    last = used.shape[1] - np.argmax(used[:, ::-1], axis=1)
    return np.column_stack([np.argmax(used, axis=1), last]).astype(np.int32)


def spans(grid, values, first, centre):
    """Return the spans of numbers that are called, from `centre` on, by linear interpolation."""
    found, low = [], centre
    for i in range(first + 1, len(grid)):
        if (values[i] >= 0) == (values[i - 1] >= 0):
            continue
        at = grid[i - 1] + (grid[i] - grid[i - 1]) * values[i - 1] / (values[i - 1] - values[i])
        if values[i] < 0:
            found.append((low, at))
        else:
            low = at
    if values[len(grid) - 1] >= 0:
        found.append((low, INFINITY))
    return found
