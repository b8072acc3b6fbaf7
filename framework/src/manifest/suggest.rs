//! The nearest known word to one that is not known.

/// The candidate that differs least from a word, if it differs by no more than a slip of the hand: one letter, and one more
/// for every four letters of the word.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = 1 + word.chars().count() / 4;
    let measured = candidates.into_iter().map(|known| (strsim::damerau_levenshtein(word, known), known));
    measured.filter(|(distance, _)| *distance <= allowed).min().map(|(_, known)| known)
}

/// `did you mean …?`, when there is something to mean.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|known| format!("did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        assert_eq!(nearest("usres", ["users", "orders"]), Some("users"));
        assert_eq!(nearest("coment", ["columns", "comment"]), Some("comment"));
        assert_eq!(nearest("invoices", ["users", "orders"]), None);
    }
}
