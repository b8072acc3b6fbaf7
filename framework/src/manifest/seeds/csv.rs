//! Comma-separated values as PostgreSQL's `COPY … CSV` reads them: an empty field is null, and `""` is the empty text.
//!
//! That difference is why this is read here: the crates that read CSV tell the text of a field and not whether it was quoted.
//!
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.3>, <https://www.rfc-editor.org/rfc/rfc4180>

use std::ops::Range;

/// One field: its text, `None` for null, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) text: Option<String>,
    pub(super) span: Range<usize>,
}

/// A quote that is never closed, or something behind a closing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) what: &'static str,
    pub(super) span: Range<usize>,
}

/// The records of a file. Empty lines are none; line ends in quoted fields are `\n`, whatever the file has.
///
/// # Errors
/// With the first thing that is no CSV.
pub(super) fn records(text: &str) -> Result<Vec<Vec<Field>>, Broken> {
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut records = Vec::new();
    while at < text.len() {
        let mut record = Vec::new();
        loop {
            let (field, end) = field(text, at)?;
            record.push(field);
            at = end;
            match text[at..].chars().next() {
                Some(',') => at += 1,
                Some('\r') if text[at..].starts_with("\r\n") => at += 2,
                Some(_) => at += 1,
                None => {}
            }
            if !text[end..].starts_with(',') {
                break;
            }
        }
        let empty = matches!(record.as_slice(), [Field { text: None, .. }]);
        if !empty {
            records.push(record);
        }
    }
    Ok(records)
}

/// The field that starts here, and where it ends: before a comma, a line end, or the end.
fn field(text: &str, start: usize) -> Result<(Field, usize), Broken> {
    if !text[start..].starts_with('"') {
        let length = text[start..].find([',', '\n', '\r']).unwrap_or(text.len() - start);
        let span = start..start + length;
        let plain = &text[span.clone()];
        let plain = (!plain.is_empty()).then(|| plain.to_owned());
        return Ok((Field { text: plain, span: span.clone() }, span.end));
    }
    let (mut out, mut at) = (String::new(), start + 1);
    loop {
        let Some(length) = text[at..].find('"') else {
            let line = text[start..].find('\n').map_or(text.len(), |length| start + length);
            return Err(Broken { what: "this quote is never closed", span: start..line });
        };
        out.push_str(&text[at..at + length]);
        at += length + 1;
        if !text[at..].starts_with('"') {
            break;
        }
        out.push('"');
        at += 1;
    }
    if !(at == text.len() || text[at..].starts_with([',', '\n', '\r'])) {
        return Err(Broken {
            what: "a comma or a line end belongs behind a closing quote",
            span: at..at + 1,
        });
    }
    Ok((Field { text: Some(out.replace("\r\n", "\n")), span: start..at }, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<Vec<Option<String>>> {
        let texts = |record: Vec<Field>| record.into_iter().map(|field| field.text).collect();
        records(text).unwrap().into_iter().map(texts).collect()
    }

    fn row(fields: &[Option<&str>]) -> Vec<Option<String>> {
        fields.iter().map(|field| field.map(str::to_owned)).collect()
    }

    #[test]
    fn c8_10_null_the_empty_text_and_the_word_null_are_three_things() {
        let text = "\u{feff}code,name\r\na,\r\nb,\"\"\r\nc,NULL\r\n\r\nd,\"x,\"\"y\"\"\r\nz\"";
        let wanted = [
            row(&[Some("code"), Some("name")]),
            row(&[Some("a"), None]),
            row(&[Some("b"), Some("")]),
            row(&[Some("c"), Some("NULL")]),
            row(&[Some("d"), Some("x,\"y\"\nz")]),
        ];
        assert_eq!(read(text), wanted);
        assert_eq!(read(""), Vec::<Vec<_>>::new());
        assert_eq!(read("a,"), [row(&[Some("a"), None])]);
    }

    #[test]
    fn a_field_knows_its_place() {
        let text = "a,b\n1,\"two\"\n";
        let found = records(text).unwrap();
        assert_eq!(&text[found[1][1].span.clone()], "\"two\"");
    }

    #[test]
    fn what_is_no_csv_is_said() {
        assert_eq!(
            records("a\n\"b\nc").unwrap_err(),
            Broken { what: "this quote is never closed", span: 2..4 }
        );
        assert_eq!(records("\"b\"x").unwrap_err().span, 3..4);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(rows in prop::collection::vec(prop::collection::vec(prop::option::of("[a,\"\n é]{0,5}"), 2), 1..5)) {
            let written = rows.iter().map(|row| {
                let field = |field: &Option<String>| {
                    field.as_ref().map_or(String::new(), |text| format!("\"{}\"", text.replace('"', "\"\"")))
                };
                row.iter().map(field).collect::<Vec<_>>().join(",")
            });
            prop_assert_eq!(read(&written.collect::<Vec<_>>().join("\n")), rows);
        }

        #[test]
        fn any_text_is_csv_or_refused(text in "[a,\"\r\n é]{0,20}") {
            if let Ok(records) = records(&text) {
                for field in records.iter().flatten() {
                    prop_assert!(text.get(field.span.clone()).is_some());
                }
            }
        }
    }
}
