//! Where two texts differ, line by line, for a person who reads a failed test.

use std::collections::BTreeMap;

/// The lines that only one of the texts has, or has more often: `-` for the first one's, `+` for the other's, each in
/// the order of its text. Empty when both have the same lines.
#[must_use]
pub fn lines(one: &str, other: &str) -> String {
    only(one, other, '-') + &only(other, one, '+')
}

/// The lines of `these` that `those` do not have, each as often as it is missing.
fn only(these: &str, those: &str, sign: char) -> String {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for line in those.lines() {
        *left.entry(line).or_default() += 1;
    }
    let mut unmatched = String::new();
    for line in these.lines() {
        match left.get_mut(line) {
            Some(count @ 1..) => *count -= 1,
            _ => unmatched.push_str(&format!("{sign} {line}\n")),
        }
    }
    unmatched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_text_has_is_shown_with_its_sign() {
        assert_eq!(lines("a\nb\nb\nc", "a\nb\nd"), "- b\n- c\n+ d\n");
        assert_eq!(lines("a\nb", "b\na"), "");
    }
}
