//! Settings that are one word out of a few.

use super::problem::Fault;

/// A type whose values have fixed names. A value may have several; the first is the one that is shown.
pub(super) trait Choice: Copy + PartialEq + 'static {
    const ALL: &'static [(&'static str, Self)];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }

    fn from_word(text: &str) -> Result<Self, Fault> {
        let word = text.trim().to_lowercase();
        if let Some((_, value)) = Self::ALL.iter().find(|(name, _)| *name == word) {
            return Ok(*value);
        }
        let names: Vec<_> = Self::ALL.iter().map(|(name, _)| *name).collect();
        let hint = match closest(&word, names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("write one of {}", names.join(", ")),
        };
        Err(Fault::new(format!("is `{}`, which is not one of its values", text.trim()), hint))
    }
}

/// The known name that `word` was probably meant to be.
pub(super) fn closest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Declares an enum whose variants are words; further words after `|` are read but never shown.
macro_rules! choices {
    ($(#[$about:meta])* $vis:vis enum $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal $(| $alias:literal)*,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        $vis enum $name { $($(#[$note])* $variant,)+ }

        impl crate::config::choice::Choice for $name {
            const ALL: &'static [(&'static str, Self)] =
                &[$(($word, Self::$variant), $(($alias, Self::$variant),)*)+];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(crate::config::choice::Choice::word(*self))
            }
        }
    };
}
pub(super) use choices;

impl Choice for bool {
    const ALL: &'static [(&'static str, Self)] = &[
        ("true", true),
        ("false", false),
        ("1", true),
        ("0", false),
        ("yes", true),
        ("no", false),
        ("on", true),
        ("off", false),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    choices! {
        /// For these tests.
        enum Colour { Red = "red", Blue = "blue" | "azure", }
    }

    #[test]
    fn words_are_read_without_regard_to_case_and_aliases_are_not_shown() {
        assert_eq!(Colour::from_word(" RED "), Ok(Colour::Red));
        assert_eq!(Colour::from_word("azure"), Ok(Colour::Blue));
        assert_eq!(Colour::Blue.to_string(), "blue");
        assert_eq!(bool::from_word("Yes"), Ok(true));
        assert_eq!(false.word(), "false");
    }

    #[test]
    fn a_near_miss_is_told_what_was_meant_and_a_far_one_what_there_is() {
        let near = Colour::from_word("bleu").unwrap_err().to_string();
        assert_eq!(near, "is `bleu`, which is not one of its values; did you mean `blue`?");
        let far = Colour::from_word("x").unwrap_err().to_string();
        assert_eq!(far, "is `x`, which is not one of its values; write one of red, blue, azure");
    }
}
