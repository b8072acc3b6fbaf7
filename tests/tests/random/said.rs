//! The manifest that says a drawn slice.

use crate::kinds::KINDS;
use crate::model::{
    Column, Computed, Enum, Filled, Function, Id, Index, Named, Of, Part, SIGNATURES, Sequence, Slice, Table,
    Trigger,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A name as SQL reads it.
pub(crate) fn sql(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A basic string of TOML.
fn toml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn key(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { name.to_owned() } else { toml(name) }
}

fn said(number: u32) -> String {
    format!("It's \"said\" {number}")
}

/// A label as SQL reads it.
fn literal(label: &str) -> String {
    format!("'{}'", label.replace('\'', "''"))
}

impl Named {
    /// The entry with what it was called and what is said about it.
    fn entry(&self, def: &str, more: &str) -> String {
        let mut all = format!("{} = {{ {def}{more}", key(&self.name));
        if let Some(was) = &self.was {
            let _ = write!(all, ", renamed_from = {}", toml(&sql(was)));
        }
        if let Some(comment) = self.comment {
            let _ = write!(all, ", comment = {}", toml(&said(comment)));
        }
        all + " }\n"
    }
}

impl Enum {
    fn lines(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| toml(&value.label)).collect();
        let renamed = self.values.iter().filter_map(|value| Some((&value.label, value.was.as_ref()?)));
        let renamed: Vec<String> =
            renamed.map(|(now, was)| format!("{} = {}", toml(was), toml(now))).collect();
        let mut more = match renamed.is_empty() {
            true => String::new(),
            false => format!(", renamed_values = {{ {} }}", renamed.join(", ")),
        };
        if self.reordered {
            more += ", reorder = true";
        }
        self.named.entry(&format!("values = [{}]", values.join(", ")), &more)
    }
}

impl Function {
    /// How `[drops]` and the server call it.
    pub(crate) fn identity(&self) -> String {
        let arguments = if self.of_triggers { "" } else { SIGNATURES[self.signature].0 };
        format!("{}({arguments})", sql(&self.named.name))
    }

    fn lines(&self) -> String {
        let (arguments, def) = if self.of_triggers {
            let body = format!("begin /* {} */ return new; end", self.body);
            ("", format!("returns trigger language plpgsql as $$ {body} $$"))
        } else {
            let body = format!("select $1::bigint + {}", self.body);
            (SIGNATURES[self.signature].1, format!("returns bigint language sql immutable as $$ {body} $$"))
        };
        let whole = Named { name: format!("{}({arguments})", sql(&self.named.name)), ..self.named.clone() };
        whole.entry(&format!("def = {}", toml(&def)), "")
    }
}

impl Slice {
    /// The manifest.
    pub(crate) fn text(&self) -> String {
        let head =
            format!("manifest = 1\n[service]\nname = \"odd-service\"\nversion = \"1.{}.0\"\n", self.version);
        let sequence = |one: &Sequence| one.named.entry(&format!("def = \"start {}\"", one.start), "");
        [
            head,
            "\n[enums]\n".to_owned(),
            self.enums.iter().map(Enum::lines).collect(),
            "\n[sequences]\n".to_owned(),
            self.sequences.iter().map(sequence).collect(),
            "\n[functions]\n".to_owned(),
            self.functions.iter().map(Function::lines).collect(),
            self.tables.iter().map(|table| self.table_lines(table)).collect(),
            self.seed_lines(),
            self.drop_lines(),
        ]
        .concat()
    }

    fn table_lines(&self, table: &Table) -> String {
        let name = key(&table.named.name);
        let mut text = format!("\n[tables.{name}]\n");
        if let Some(was) = &table.named.was {
            let _ = writeln!(text, "renamed_from = {}", toml(&sql(was)));
        }
        if let Some(comment) = table.named.comment {
            let _ = writeln!(text, "comment = {}", toml(&said(comment)));
        }
        if table.unlogged {
            text += "unlogged = true\n";
        }
        if let Some(fill) = table.fill {
            let _ = writeln!(text, "options = \"with (fillfactor = {fill})\"");
        }
        let _ = write!(text, "[tables.{name}.columns]\nid = {}\n", toml(table.numbering));
        for column in &table.columns {
            let def = toml(&self.definition(table, column));
            text += &column.named.entry(&format!("def = {def}"), "");
        }
        for section in ["constraints", "indexes", "triggers"] {
            let parts: Vec<String> = table
                .parts
                .iter()
                .filter(|(_, part)| part.section() == section)
                .map(|(named, part)| named.entry(&format!("def = {}", toml(&self.part(table, part))), ""))
                .collect();
            if !parts.is_empty() {
                let _ = write!(text, "[tables.{name}.{section}]\n{}", parts.concat());
            }
        }
        text
    }

    /// What follows the name of a column.
    fn definition(&self, table: &Table, column: &Column) -> String {
        let mut def = self.type_name(column.of);
        if column.not_null {
            def += " not null";
        }
        match &column.default {
            Filled::None => {}
            Filled::Own(number) => {
                let _ = write!(def, " default {}", self.value(column.of, &number.to_string()));
            }
            Filled::Draws(id) => {
                let sequence = self.sequences.iter().find(|one| one.named.id == *id).unwrap();
                let _ = write!(def, " default nextval('{}')", sql(&sequence.named.name));
            }
            Filled::Calls(function, number) => {
                let _ = write!(def, " default {}", self.call(*function, &number.to_string()));
            }
            Filled::Computed(Computed { from, times, by }) => {
                let from = table.column_name(*from);
                let from = by.map_or(from.clone(), |by| self.call(by, &from));
                let _ = write!(def, " generated always as ({from} * {times}) stored");
            }
        }
        if column.unique {
            def += " unique";
        }
        if let (Some(number), Of::Plain(kind)) = (column.check, column.of) {
            let check = KINDS[kind].check.unwrap();
            let check = check.replace("{c}", &sql(&column.named.name)).replace("{n}", &number.to_string());
            let _ = write!(def, " check ({check})");
        }
        def
    }

    /// A call. The number has the argument's type already: how it would come to have it depends on where the call stands.
    fn call(&self, function: Id, number: &str) -> String {
        format!("{}({number}::{})", self.called(function), SIGNATURES[self.function(function).signature].2)
    }

    fn called(&self, function: Id) -> String {
        sql(&self.function(function).named.name)
    }

    fn type_name(&self, of: Of) -> String {
        match of {
            Of::Plain(kind) => KINDS[kind].name.to_owned(),
            Of::Enum(id) => sql(&self.enumeration(id).named.name),
            Of::Enums(id) => format!("{}[]", sql(&self.enumeration(id).named.name)),
        }
    }

    /// A value of a type for the row or the default of this number; of an enum, the one that is never taken away.
    pub(crate) fn value(&self, of: Of, number: &str) -> String {
        match of {
            Of::Plain(kind) => KINDS[kind].value.replace("{i}", number),
            Of::Enum(id) => literal(self.enumeration(id).kept()),
            Of::Enums(id) => {
                format!("array[{}]::{}", literal(self.enumeration(id).kept()), self.type_name(of))
            }
        }
    }

    /// What is true of every value of a column, in words of its type; `before` stands before its name.
    fn condition(&self, column: &Column, before: &str, number: u32) -> String {
        let name = format!("{before}{}", sql(&column.named.name));
        match column.of {
            Of::Enum(id) => format!("{name} = {}", literal(self.enumeration(id).kept())),
            Of::Enums(id) => format!("{} = any ({name})", literal(self.enumeration(id).kept())),
            Of::Plain(kind) => match KINDS[kind].check {
                // What days make of a moment depends on the zone, and no index may speak of that.
                Some(check) if KINDS[kind].name != "timestamptz" => {
                    check.replace("{c}", &name).replace("{n}", &number.to_string())
                }
                _ => format!("{name} is null or {name} is not null"),
            },
        }
    }

    fn conditions(&self, table: &Table, columns: &[Id], before: &str, number: u32) -> String {
        let each =
            columns.iter().map(|id| format!("({})", self.condition(table.column(*id), before, number)));
        each.collect::<Vec<_>>().join(" and ")
    }

    fn part(&self, table: &Table, part: &Part) -> String {
        let action = |action: u32| {
            ["", " on delete cascade", " on delete set null", " deferrable"][action as usize % 4]
        };
        let target = |to: Id| self.table(to).unwrap();
        match part {
            Part::Index(index) => self.index(table, index),
            Part::Unique { columns, key_first, deferrable } => {
                let (list, last) = (table.list(columns), if *deferrable { " deferrable" } else { "" });
                let list = if *key_first { format!("id, {list}") } else { format!("{list}, id") };
                format!("unique ({list}){last}")
            }
            Part::Exclusion { column } => {
                format!("exclude using gist ({} with &&)", table.column_name(*column))
            }
            Part::Reference { column, to, over, action: does } => format!(
                "foreign key ({}) references {} ({}){}",
                table.column_name(*column),
                sql(&target(*to).named.name),
                over.map_or("id".to_owned(), |over| target(*to).column_name(over)),
                action(*does)
            ),
            Part::Pair { columns, to, over, action: does } => format!(
                "foreign key ({}) references {} ({}, id){}",
                table.list(columns),
                sql(&target(*to).named.name),
                target(*to).column_name(*over),
                action(*does)
            ),
            Part::Worth { function, least } => {
                format!("check ({} > -{least})", self.call(*function, "id"))
            }
            Part::Together { columns, least } => {
                format!("check ({})", self.conditions(table, columns, "", *least))
            }
            Part::Trigger(trigger) => self.trigger(table, trigger),
        }
    }

    fn index(&self, table: &Table, index: &Index) -> String {
        let mut keys: Vec<String> = index.columns.iter().map(|id| table.column_name(*id)).collect();
        if index.form == 1 {
            keys[0] += " desc nulls last";
        }
        keys.extend(index.calls.map(|function| self.call(function, "id")));
        let keys = keys.join(", ");
        let mut text = match index.form {
            1 => format!("({keys}) include (id)"),
            3 => format!("unique ({keys}, id)"),
            _ => format!("({keys})"),
        };
        let mut conditions = Vec::new();
        if index.form == 2 {
            conditions.push("id > 2".to_owned());
        }
        if !index.where_.is_empty() {
            conditions.push(self.conditions(table, &index.where_, "", index.form));
        }
        if !conditions.is_empty() {
            let _ = write!(text, " where {}", conditions.join(" and "));
        }
        text
    }

    fn trigger(&self, table: &Table, trigger: &Trigger) -> String {
        let mut text = String::from(if trigger.on_insert { "before insert" } else { "before update" });
        if !trigger.on_insert && !trigger.watches.is_empty() {
            let _ = write!(text, " of {}", table.list(&trigger.watches));
        }
        let _ = write!(text, " on {} for each row", sql(&table.named.name));
        if !trigger.when.is_empty() {
            let _ = write!(text, " when ({})", self.conditions(table, &trigger.when, "new.", 1));
        }
        format!("{text} execute function {}()", self.called(trigger.function))
    }

    fn seed_lines(&self) -> String {
        let Some(seed) = &self.seed else { return String::new() };
        let rows = seed.rows.iter().map(|(code, rank)| format!("{{ code = \"c{code}\", rank = {rank} }}"));
        format!(
            "\n[tables.sorts.columns]\ncode = \"text primary key\"\nrank = \"int\"\nby_user = \"text\"\n\n[seeds.sorts]\nkey = [\"code\"]\nmode = \"{}\"\nrows = [{}]\n",
            seed.mode,
            rows.collect::<Vec<_>>().join(", ")
        )
    }

    fn drop_lines(&self) -> String {
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (section, on, name) in &self.drops {
            let holder = |id: Id| {
                let table = self.table(id).map(|table| &table.named);
                table.or_else(|| self.enums.iter().map(|one| &one.named).find(|named| named.id == id))
            };
            let whole = match on.map(holder) {
                None => name.clone(),
                Some(Some(named)) => format!("{}.{name}", sql(&named.name)),
                // It goes with what it is on.
                Some(None) => continue,
            };
            sections.entry(section).or_default().push(toml(&whole));
        }
        let mut text = "\n[drops]\n".to_owned();
        for (section, names) in sections {
            let _ = writeln!(text, "{section} = [{}]", names.join(", "));
        }
        text
    }
}

impl Table {
    /// A column's name as SQL reads it.
    fn column_name(&self, id: Id) -> String {
        sql(&self.column(id).named.name)
    }

    fn list(&self, columns: &[Id]) -> String {
        columns.iter().map(|id| self.column_name(*id)).collect::<Vec<_>>().join(", ")
    }
}

impl Part {
    /// The section of a table, and of `[drops]`, that it stands in.
    pub(crate) fn section(&self) -> &'static str {
        match self {
            Self::Index(_) => "indexes",
            Self::Trigger(_) => "triggers",
            _ => "constraints",
        }
    }
}
