//! The signs before a line. They carry the meaning; colour repeats it.

use anstyle::Style;

use super::paint::{ADD, ALERT, CHANGE, FAINT, REMOVE};

/// What a line says of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is added, or is there and was not asked for.
    Add,
    /// It is changed, or differs.
    Change,
    /// It is taken away, or is not there and was asked for.
    Remove,
    /// It gets another name.
    Rename,
    /// It is left alone.
    Left,
    /// It needs somebody.
    Needs,
}

impl Sign {
    /// The sign.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Change => "~",
            Self::Remove => "-",
            Self::Rename => "→",
            Self::Left => "·",
            Self::Needs => "!",
        }
    }

    /// Its colour.
    pub(super) fn style(self) -> Style {
        match self {
            Self::Add => ADD,
            Self::Change | Self::Rename => CHANGE,
            Self::Remove => REMOVE,
            Self::Left => FAINT,
            Self::Needs => ALERT,
        }
    }
}
