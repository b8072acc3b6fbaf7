//! How long to wait between attempts.
//!
//! Invariant: a delay is never longer than [`Policy::max`], and any delay between nothing and the current
//! ceiling is equally likely.

use std::time::Duration;

use backoff::ExponentialBackoffBuilder;
use backoff::backoff::Backoff as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The limits of a series of attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The ceiling of the first delay.
    pub initial: Duration,
    /// The highest ceiling.
    pub max: Duration,
    /// How much the ceiling grows from one delay to the next; below 1 it stays where it is.
    pub multiplier: f64,
    /// How long one attempt may take.
    pub attempt_timeout: Duration,
    /// How long the whole series may take; `None` goes on until it succeeds or fails for good.
    pub deadline: Option<Duration>,
    /// How many attempts there may be, the first one included; `None` leaves it to the deadline.
    pub attempts_max: Option<u32>,
}

/// The delays of one series of attempts.
#[derive(Debug)]
pub struct Delays {
    ceiling: backoff::ExponentialBackoff,
    max: Duration,
    random: StdRng,
}

impl Delays {
    /// Delays that differ from those of every other replica.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self::drawn_from(policy, StdRng::from_rng(&mut rand::rng()))
    }

    /// The same delays for the same seed, for tests.
    #[must_use]
    pub fn seeded(policy: &Policy, seed: u64) -> Self {
        Self::drawn_from(policy, StdRng::seed_from_u64(seed))
    }

    fn drawn_from(policy: &Policy, random: StdRng) -> Self {
        let ceiling = ExponentialBackoffBuilder::new()
            .with_initial_interval(policy.initial)
            .with_max_interval(policy.max)
            .with_multiplier(policy.multiplier.max(1.0))
            // The jitter is ours, and so is the deadline.
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build();
        Self { ceiling, max: policy.max, random }
    }

    /// The next delay; each is drawn below a higher ceiling, up to the policy's `max`.
    pub fn next_delay(&mut self) -> Duration {
        let ceiling = self.ceiling.next_backoff().unwrap_or(self.max).min(self.max);
        self.random.random_range(Duration::ZERO..=ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(initial_ms: u64, max_ms: u64, multiplier: f64) -> Policy {
        Policy {
            initial: Duration::from_millis(initial_ms),
            max: Duration::from_millis(max_ms),
            multiplier,
            attempt_timeout: Duration::from_secs(1),
            deadline: None,
            attempts_max: None,
        }
    }

    /// The longest and the mean n-th delay over many series.
    fn spread(policy: &Policy, nth: usize) -> (Duration, Duration) {
        let drawn: Vec<_> = (0..2000)
            .map(|seed| {
                let mut delays = Delays::seeded(policy, seed);
                (0..nth).for_each(|_| {
                    delays.next_delay();
                });
                delays.next_delay()
            })
            .collect();
        (drawn.iter().max().copied().unwrap_or_default(), drawn.iter().sum::<Duration>() / 2000)
    }

    #[test]
    fn the_ceiling_doubles_and_then_stays() {
        let policy = policy(100, 1000, 2.0);
        for (nth, ceiling_ms) in [(0, 100), (1, 200), (2, 400), (3, 800), (4, 1000), (9, 1000)] {
            let (longest, _) = spread(&policy, nth);
            assert!(longest <= Duration::from_millis(ceiling_ms), "{nth}: {longest:?}");
            assert!(longest >= Duration::from_millis(ceiling_ms * 98 / 100), "{nth}: {longest:?}");
        }
    }

    #[test]
    fn full_jitter_spreads_evenly_from_nothing_to_the_ceiling() {
        let policy = policy(1000, 1000, 2.0);
        let mut tenths = [0_u32; 10];
        for seed in 0..10_000 {
            let delay = Delays::seeded(&policy, seed).next_delay();
            tenths[(delay.as_millis() / 100).min(9) as usize] += 1;
        }
        assert!(tenths.iter().all(|&count| (850..1150).contains(&count)), "{tenths:?}");
        let (_, mean) = spread(&policy, 0);
        assert!((470..530).contains(&mean.as_millis()), "{mean:?}");
    }

    #[test]
    fn c16_5_replicas_that_waited_together_come_back_apart() {
        let policy = policy(1000, 30_000, 2.0);
        let mut per_second = [0_u32; 31];
        for replica in 0..36 {
            let mut delays = Delays::seeded(&policy, replica);
            // Ten minutes down: every replica is at the highest ceiling by now.
            let last = (0..40).map(|_| delays.next_delay()).last().unwrap_or_default();
            per_second[last.as_secs() as usize] += 1;
        }
        assert!(per_second.iter().all(|&count| count <= 9), "over a quarter in one second: {per_second:?}");
    }

    #[test]
    fn two_unseeded_series_differ() {
        let policy = policy(1_000_000, 1_000_000, 2.0);
        assert_ne!(Delays::new(&policy).next_delay(), Delays::new(&policy).next_delay());
    }

    #[test]
    fn odd_policies_stay_within_the_maximum() {
        for policy in [policy(5000, 100, 2.0), policy(100, 100, 0.1), policy(100, 100, f64::NAN)] {
            let (longest, _) = spread(&policy, 5);
            assert!(longest <= Duration::from_millis(100), "{policy:?}: {longest:?}");
        }
    }
}
