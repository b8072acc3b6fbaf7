//! Keys and strings of TOML, in the form that is read most easily.
//!
//! <https://toml.io/en/v1.0.0#string>

use crate::name::{Name, QName};

/// A key: bare where it may be.
pub(super) fn key(raw: &str) -> String {
    let bare = !raw.is_empty() && raw.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if bare { raw.to_owned() } else { one_line(raw) }
}

/// The key of something in a schema.
pub(super) fn qualified(name: &QName, home: &Name) -> String {
    key(&path(name, home))
}

/// A name, with the schema before it unless that is the service's own. A dot or a quote in a name is told from the dot between the names by
/// quotes, as in SQL.
pub(super) fn path(name: &QName, home: &Name) -> String {
    let part = |name: &Name| match name.as_str().contains(['.', '"']) {
        true => format!("\"{}\"", name.as_str().replace('"', "\"\"")),
        false => name.as_str().to_owned(),
    };
    match name.schema == *home {
        true => part(&name.name),
        false => format!("{}.{}", part(&name.schema), part(&name.name)),
    }
}

/// A string, on several lines when it has several.
pub(super) fn string(text: &str) -> String {
    let plain = |c: char| !c.is_control() || c == '\n' || c == '\t';
    let several = text.contains('\n') && text.chars().all(plain);
    if several && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    if several {
        // Every third quote is escaped, and the last one.
        let escaped = text.replace('\\', "\\\\").replace("\"\"", "\"\\\"");
        let escaped = match escaped.strip_suffix('"') {
            Some(rest) if !rest.ends_with('\\') => format!("{rest}\\\""),
            _ => escaped,
        };
        return format!("\"\"\"\n{escaped}\"\"\"");
    }
    one_line(text)
}

/// A string on one line. What SQL quotes with `"` is easier to read between `'`, when it holds none of these.
fn one_line(text: &str) -> String {
    let literal = text.contains(['"', '\\']) && !text.contains('\'') && !text.contains(char::is_control);
    if literal {
        return format!("'{text}'");
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::DeTable;

    use super::*;
    use crate::manifest::text::Text;

    fn read_back(written: &str) -> String {
        let file = format!("x = {written}\n");
        let (tree, errors) = DeTable::parse_recoverable(&file);
        assert!(errors.is_empty(), "{file}: {errors:?}");
        Text::decode(&file, tree.get_ref().get("x").unwrap().span()).as_str().to_owned()
    }

    #[test]
    fn the_easiest_form_is_taken() {
        assert_eq!(string("int default 'x'"), "\"int default 'x'\"");
        assert_eq!(string("references \"Users\" (id)"), "'references \"Users\" (id)'");
        assert_eq!(string("'a' <> \"B\""), "\"'a' <> \\\"B\\\"\"");
        assert_eq!(string("a\nb"), "'''\na\nb'''");
        assert_eq!(string("a\n'b'"), "\"\"\"\na\n'b'\"\"\"");
        assert_eq!(key("order_items"), "order_items");
        assert_eq!(key("Order Items"), "\"Order Items\"");
    }

    #[test]
    fn a_dot_in_a_name_is_not_the_dot_between_names() {
        let name = |text: &str| Name::new(text).unwrap();
        let table = |schema: &str, table: &str| QName { schema: name(schema), name: name(table) };
        assert_eq!(qualified(&table("public", "a.b"), &name("public")), "'\"a.b\"'");
        assert_eq!(qualified(&table("sales", "orders"), &name("public")), "\"sales.orders\"");
        assert_eq!(qualified(&table("sales", "orders"), &name("sales")), "orders");
    }

    proptest! {
        #[test]
        fn every_text_is_read_back(text in "\\PC*|[a'\"\\\\\n\t\r\u{1}]{0,12}") {
            // A carriage return before a line end belongs to the file, not to the text.
            prop_assume!(!text.contains('\r') || !text.contains('\n'));
            prop_assert_eq!(read_back(&string(&text)), text);
        }
    }
}
