//! Lengths of time, as people write them in settings.
//!
//! Invariant: every accepted value is between one millisecond and twenty days, because PostgreSQL counts its
//! timeouts in whole milliseconds, reads 0 as "no limit", and keeps them in 32 bits:
//! <https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES>.

use std::fmt::Write as _;
use std::time::Duration;

use super::problem::Fault;

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(20 * 24 * 3600);
const FORMS: &str = "write seconds (30 or 1.5), or numbers with units (250ms, 30s, 1m30s, 2h, 1d)";

/// Units from long to short, in nanoseconds.
const UNITS: [(&str, u128); 5] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// Reads `30` (seconds), `1.5`, `250ms`, `1m30s`.
///
/// # Errors
///
/// A [`Fault`] that says the accepted forms.
pub fn parse_duration(text: &str) -> Result<Duration, Fault> {
    let malformed = || Fault::new(format!("is `{}`, which is not a length of time", text.trim()), FORMS);
    let nanos = nanos(text.trim()).ok_or_else(malformed)?;
    let duration = u64::try_from(nanos).map(Duration::from_nanos).unwrap_or(Duration::MAX);
    if duration < SHORTEST {
        return Err(Fault::new("is shorter than a millisecond", "every wait needs a limit above zero"));
    }
    if duration > LONGEST {
        return Err(Fault::new("is longer than 20 days", "PostgreSQL cannot hold a longer limit"));
    }
    Ok(duration)
}

/// The shortest text that [`parse_duration`] reads as `duration`: `1m30s`, `250ms`.
#[must_use]
pub fn show_duration(duration: Duration) -> String {
    let mut left = duration.as_nanos();
    let mut text = String::new();
    for (unit, size) in UNITS {
        // The last unit in use carries the decimals: seconds, unless there is not even one.
        let last = unit == "ms" || (unit == "s" && left >= size);
        if last && left > 0 {
            _ = write!(text, "{}{unit}", decimal(left, size));
            return text;
        }
        if left >= size {
            _ = write!(text, "{}{unit}", left / size);
            left %= size;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

fn decimal(value: u128, size: u128) -> String {
    let digits = size.ilog10() as usize;
    let text = format!("{}.{:0digits$}", value / size, value % size);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The sum of all parts, each of a shorter unit than the one before it.
fn nanos(text: &str) -> Option<u128> {
    if text.ends_with(|c: char| c.is_ascii_digit()) && text.starts_with(|c: char| c.is_ascii_digit()) {
        // Without a unit at the end there may be none at all.
        return times(text, 1_000_000_000);
    }
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut sum = 0_u128;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let (unit, tail) = tail.split_at(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()));
        let (_, size) = units.by_ref().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(times(number.trim(), *size)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

/// A decimal number times `size`, exactly.
fn times(number: &str, size: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let part = fraction.parse::<u128>().ok()? * size / 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    whole.parse::<u128>().ok()?.checked_mul(size)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_accepted_forms() {
        for (text, ms) in [
            ("30", 30_000),
            ("30.0", 30_000),
            ("1.5", 1_500),
            (" 0.25 ", 250),
            ("250ms", 250),
            ("1m30s", 90_000),
            ("1m 30s", 90_000),
            ("1.5h", 5_400_000),
            ("2h", 7_200_000),
            ("1d2h3m4s5ms", 93_784_005),
            ("1ms", 1),
            ("20d", 1_728_000_000),
        ] {
            assert_eq!(parse_duration(text).unwrap(), Duration::from_millis(ms), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_the_forms() {
        for text in [
            "", "abc", "-1", "1e3", "30x", "s", "1s1m", "1s1s", "1.s", ".5", "inf", "NaN", "1m30", "5 years",
            "١",
        ] {
            let fault = parse_duration(text).unwrap_err();
            assert!(fault.to_string().contains("1m30s"), "{text}: {fault}");
        }
    }

    #[test]
    fn limits_that_postgresql_cannot_hold_are_refused() {
        for text in ["0", "0ms", "0.0001", "0.9ms"] {
            assert!(parse_duration(text).unwrap_err().to_string().contains("shorter"), "{text}");
        }
        for text in ["21d", "1728000.001", "99999999999999999999", "999999999999999d"] {
            assert!(parse_duration(text).unwrap_err().to_string().contains("longer"), "{text}");
        }
        assert!(LONGEST.as_millis() < i32::MAX as u128);
    }

    #[test]
    fn shown_as_people_write_it() {
        for (ms, text) in
            [(250, "250ms"), (30_000, "30s"), (90_000, "1m30s"), (600_000, "10m"), (1_500, "1.5s"), (0, "0s")]
        {
            assert_eq!(show_duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(show_duration(Duration::from_micros(60_000_500)), "1m0.5ms");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(nanos in 1_000_000_u64..1_728_000_000_000_000) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&show_duration(duration)).unwrap(), duration);
        }
    }
}
