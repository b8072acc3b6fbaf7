//! Naira and kobo, as a text: `"15000.00"`. A number of JSON is a floating one to most who read it, and loses kobo.

use std::fmt;

use sea_orm::prelude::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount, not negative, in whole kobo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(pub(crate) Decimal);

/// What the widest column of money holds.
const DIGITS_MAX: usize = 12;

impl Money {
    fn parse(text: &str) -> Option<Self> {
        let (naira, kobo) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = digits(naira) && digits(kobo) && naira.len() <= DIGITS_MAX && kobo.len() <= 2;
        fits.then(|| text.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("an amount is written as \"15000.00\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_text_in_naira_and_kobo() {
        for (text, shown) in
            [("15000", "15000.00"), ("0.5", "0.50"), ("0", "0.00"), ("999999999999.99", "999999999999.99")]
        {
            let read: Money = serde_json::from_value(serde_json::json!(text)).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), shown);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-1", "1.005", "1e3", "1.", ".5", "1,000", "1_000", " 1", "1000000000000"] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
        assert!(serde_json::from_str::<Money>("15000.0").is_err(), "a number is not taken");
    }
}
