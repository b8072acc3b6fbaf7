//! Numbers, sizes and times as people read them. JSON has them plain.

use std::time::Duration;

/// `4,118,202`
pub(super) fn count(number: impl TryInto<i64>) -> String {
    let digits = number.try_into().unwrap_or(i64::MAX).to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    out.push_str(sign);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 step`, `8 steps`, `2 indexes`, `3 foreign keys`
pub(super) fn plural(number: usize, noun: &str) -> String {
    let ending = match noun {
        _ if number == 1 => "",
        _ if noun.ends_with('x') => "es",
        _ => "s",
    };
    format!("{} {noun}{ending}", count(number as u64))
}

/// `312 bytes`, `41 MB`, `1.9 GB`: in steps of 1,024, as the server itself shows sizes.
pub(super) fn bytes(size: i64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if size < 1_024 {
        return plural(usize::try_from(size).unwrap_or(0), "byte");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
    let mut size = size as f64 / 1_024.0;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1_024.0;
        unit += 1;
    }
    if size < 9.95 { format!("{size:.1} {}", UNITS[unit]) } else { format!("{size:.0} {}", UNITS[unit]) }
}

/// `0.4 ms`, `11 ms`, `1.8 s`, `1 m 52 s`, `6 h 20 m`, `3 d 2 h`
pub(super) fn took(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    let seconds = time.as_secs_f64().round() as u64;
    match ms {
        ms if ms < 0.95 => format!("{ms:.1} ms"),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms if ms < 59_950.0 => format!("{:.1} s", ms / 1_000.0),
        _ => match seconds {
            s if s < 3_600 => format!("{} m {} s", s / 60, s % 60),
            s if s < 86_400 => format!("{} h {} m", s / 3_600, s % 3_600 / 60),
            s => format!("{} d {} h", s / 86_400, s % 86_400 / 3_600),
        },
    }
}

/// Milliseconds for JSON, to the microsecond.
pub(super) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// `just now`, `6 min ago`, `2 h ago`, `12 d ago`
pub(super) fn ago(seconds: f64) -> String {
    match seconds.max(0.0) as u64 {
        s if s < 60 => "just now".to_owned(),
        s if s < 3_600 => format!("{} min ago", s / 60),
        s if s < 86_400 => format!("{} h ago", s / 3_600),
        s => format!("{} d ago", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        let shown = [0, 999, 1_000, 4_118_202, -1_234_567].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "4,118,202", "-1,234,567"]);
        assert_eq!(plural(1, "index"), "1 index");
        assert_eq!(plural(0, "foreign key"), "0 foreign keys");
        assert_eq!(plural(1_200, "index"), "1,200 indexes");
    }

    #[test]
    fn sizes_have_two_or_three_digits() {
        let shown = [1, 1_023, 8_192, 1_023_999, 314_572_800, 2_040_109_466, 11_000_000_000].map(bytes);
        assert_eq!(shown, ["1 byte", "1,023 bytes", "8.0 kB", "1.0 MB", "300 MB", "1.9 GB", "10 GB"]);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let ms = |ms: u64| took(Duration::from_millis(ms));
        let shown =
            [11, 999, 1_000, 7_940, 59_949, 59_950, 112_000, 3_599_400, 22_800_000, 266_400_000].map(ms);
        let expected = [
            "11 ms",
            "999 ms",
            "1.0 s",
            "7.9 s",
            "59.9 s",
            "1 m 0 s",
            "1 m 52 s",
            "59 m 59 s",
            "6 h 20 m",
            "3 d 2 h",
        ];
        assert_eq!(shown, expected);
        assert_eq!(took(Duration::from_micros(430)), "0.4 ms");
        assert_eq!(
            [-1.0, 59.0, 60.0, 7_300.0, 1e6].map(ago),
            ["just now", "just now", "1 min ago", "2 h ago", "11 d ago"]
        );
    }
}
