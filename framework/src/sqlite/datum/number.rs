//! Numbers: rounded as PostgreSQL rounds them, before they become floating ones.

/// A decimal number that SQLite can hold; with a scale it is rounded to so many digits, halves away from zero. `NaN` and infinity
/// are none that it keeps.
pub(super) fn decimal(text: &str, scale: Option<u32>) -> Option<f64> {
    let rounded = scale.and_then(|scale| rounded(text, scale));
    let number: f64 = rounded.as_deref().unwrap_or(text).parse().ok()?;
    let written = text.bytes().any(|byte| byte.is_ascii_digit());
    (written && number.is_finite()).then_some(number)
}

/// Nothing for what has no digits to cut off.
fn rounded(text: &str, scale: u32) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.')?;
    let scale = usize::try_from(scale).ok()?;
    if !(whole.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit()) || fraction.len() <= scale {
        return None;
    }
    let up = fraction.as_bytes()[scale] >= b'5';
    let kept: Vec<u8> = whole.bytes().chain(fraction.bytes().take(scale)).collect();
    let mut out = if up { one_more(kept) } else { kept };
    while out.len() <= scale {
        out.insert(0, b'0');
    }
    let point = out.len() - scale;
    let (whole, fraction) = out.split_at(point);
    Some(format!("{sign}{}.{}", String::from_utf8_lossy(whole), String::from_utf8_lossy(fraction)))
}

/// The digits of the next number.
fn one_more(mut digits: Vec<u8>) -> Vec<u8> {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return digits;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (text, scale, wanted) in [
            ("2.25", Some(1), 2.3),
            ("-2.25", Some(1), -2.3),
            ("9.995", Some(2), 10.0),
            ("0.004", Some(2), 0.0),
            (".5", Some(0), 1.0),
            ("1.5", Some(2), 1.5),
            ("1e3", Some(2), 1000.0),
            ("99.99", None, 99.99),
        ] {
            assert_eq!(decimal(text, scale), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_that_is_kept_is_none() {
        for text in ["NaN", "Infinity", "-inf", "", "one", "1e999", "0x10"] {
            assert_eq!(decimal(text, None), None, "{text}");
        }
    }
}
