//! A slice as the generator holds it, and the lines of a manifest that say it. Objects speak of each other by number, so that a new name is
//! known everywhere at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a number stands for, whatever it is called by now.
pub(crate) type Id = usize;

/// A name, and the one that it had in the version before, when that was another.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) was: Option<String>,
    /// Whether the version before had it.
    pub(crate) stood: bool,
    pub(crate) comment: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Enum {
    pub(crate) named: Named,
    /// Each value with what it was called in the version before.
    pub(crate) values: Vec<(String, Option<String>)>,
}

/// A sequence that a default may draw from.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub(crate) named: Named,
    pub(crate) start: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) named: Named,
    /// Whether triggers call it; checks and indexes call the others.
    pub(crate) of_triggers: bool,
    pub(crate) body: u32,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A place in [`crate::kinds::KINDS`].
    Plain(usize),
    Enum(Id),
    Enums(Id),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    None,
    /// The kind's own, with a number in it.
    Own(u32),
    Draws(Id),
    /// Computed from another column, which holds a number.
    Computed(Id),
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) named: Named,
    pub(crate) of: Of,
    pub(crate) not_null: bool,
    pub(crate) default: Filled,
    /// The number in its check, which every value passes.
    pub(crate) check: Option<u32>,
    pub(crate) unique: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Index { columns: Vec<Id>, form: u32 },
    Unique { columns: Vec<Id> },
    Exclusion { column: Id },
    Reference { column: Id, to: Id, action: u32 },
    Worth { function: Id, least: u32 },
    Trigger { function: Id, on_insert: bool },
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) named: Named,
    /// How its key counts.
    pub(crate) numbering: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) parts: Vec<(Named, Part)>,
}

/// Rows that a version brings along, in a table of their own.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(crate) mode: &'static str,
    pub(crate) rows: Vec<(u32, u32)>,
}

/// What may go: the section of `[drops]`, the table that it is on, and its name as SQL reads it.
pub(crate) type Drops = Vec<(&'static str, Option<Id>, String)>;

#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) version: u32,
    pub(crate) enums: Vec<Enum>,
    pub(crate) sequences: Vec<Sequence>,
    pub(crate) functions: Vec<Function>,
    pub(crate) tables: Vec<Table>,
    pub(crate) seed: Option<Seed>,
    pub(crate) drops: Drops,
}

/// A name as SQL reads it.
pub(crate) fn sql(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A basic string of TOML.
pub(crate) fn toml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn key(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { name.to_owned() } else { toml(name) }
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

fn said(number: u32) -> String {
    format!("It's \"said\" {number}")
}

impl Slice {
    pub(crate) fn enumeration(&self, id: Id) -> &Enum {
        self.enums.iter().find(|one| one.named.id == id).unwrap()
    }

    pub(crate) fn function(&self, id: Id) -> &Function {
        self.functions.iter().find(|one| one.named.id == id).unwrap()
    }

    pub(crate) fn table(&self, id: Id) -> Option<&Table> {
        self.tables.iter().find(|one| one.named.id == id)
    }

    /// The manifest.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "manifest = 1\n[service]\nname = \"odd-service\"\nversion = \"1.{}.0\"\n\n[enums]\n",
            self.version
        );
        for one in &self.enums {
            let values: Vec<String> = one.values.iter().map(|(value, _)| toml(value)).collect();
            let renamed = one.values.iter().filter_map(|(now, was)| Some((now, was.as_ref()?)));
            let renamed: Vec<String> =
                renamed.map(|(now, was)| format!("{} = {}", toml(was), toml(now))).collect();
            let more = match renamed.is_empty() {
                true => String::new(),
                false => format!(", renamed_values = {{ {} }}", renamed.join(", ")),
            };
            text += &one.named.entry(&format!("values = [{}]", values.join(", ")), &more);
        }
        text += "\n[sequences]\n";
        for one in &self.sequences {
            text += &one.named.entry(&format!("def = \"start {}\"", one.start), "");
        }
        text += "\n[functions]\n";
        for one in &self.functions {
            text += &self.function_lines(one);
        }
        for table in &self.tables {
            text += &self.table_lines(table);
        }
        text + &self.seed_lines() + &self.drop_lines()
    }

    fn function_lines(&self, one: &Function) -> String {
        let (arguments, def) = if one.of_triggers {
            (
                "",
                format!("returns trigger language plpgsql as $$ begin /* {} */ return new; end $$", one.body),
            )
        } else {
            ("bigint", format!("returns bigint language sql immutable as $$ select $1 + {} $$", one.body))
        };
        let whole = Named { name: format!("{}({arguments})", sql(&one.named.name)), ..one.named.clone() };
        whole.entry(&format!("def = {}", toml(&def)), "")
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
        let _ = write!(text, "[tables.{name}.columns]\nid = {}\n", toml(table.numbering));
        for column in &table.columns {
            let def = toml(&self.definition(table, column));
            text += &column.named.entry(&format!("def = {def}"), "");
        }
        for (section, wanted) in [("constraints", 0), ("indexes", 1), ("triggers", 2)] {
            let parts: Vec<String> = table
                .parts
                .iter()
                .filter(|(_, part)| part.section() == wanted)
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
            Filled::Computed(id) => {
                let _ = write!(def, " generated always as ({} * 2) stored", table.column_name(*id));
            }
        }
        if column.unique {
            def += " unique";
        }
        if let (Some(number), Of::Plain(kind)) = (column.check, column.of) {
            let check = crate::kinds::KINDS[kind].check.unwrap();
            let check = check.replace("{c}", &sql(&column.named.name)).replace("{n}", &number.to_string());
            let _ = write!(def, " check ({check})");
        }
        def
    }

    pub(crate) fn type_name(&self, of: Of) -> String {
        match of {
            Of::Plain(kind) => crate::kinds::KINDS[kind].name.to_owned(),
            Of::Enum(id) => sql(&self.enumeration(id).named.name),
            Of::Enums(id) => format!("{}[]", sql(&self.enumeration(id).named.name)),
        }
    }

    /// A value of a type for the row or the default of this number.
    pub(crate) fn value(&self, of: Of, number: &str) -> String {
        // Of an enum, the first value: it is never taken away.
        let label = |id| format!("'{}'", self.enumeration(id).values[0].0.replace('\'', "''"));
        match of {
            Of::Plain(kind) => crate::kinds::KINDS[kind].value.replace("{i}", number),
            Of::Enum(id) => label(id),
            Of::Enums(id) => format!("array[{}]::{}", label(id), self.type_name(of)),
        }
    }

    fn part(&self, table: &Table, part: &Part) -> String {
        let list =
            |columns: &[Id]| columns.iter().map(|id| table.column_name(*id)).collect::<Vec<_>>().join(", ");
        match part {
            Part::Index { columns, form } => match form % 4 {
                0 => format!("({})", list(columns)),
                1 => format!("({} desc nulls last) include (id)", list(columns)),
                2 => format!("({}) where id > {form}", list(columns)),
                _ => format!("unique ({}, id)", list(columns)),
            },
            Part::Unique { columns } => format!("unique ({}, id)", list(columns)),
            Part::Exclusion { column } => {
                format!("exclude using gist ({} with &&)", table.column_name(*column))
            }
            Part::Reference { column, to, action } => format!(
                "foreign key ({}) references {} (id){}",
                table.column_name(*column),
                sql(&self.table(*to).unwrap().named.name),
                ["", " on delete cascade", " on delete set null", " deferrable"][*action as usize % 4]
            ),
            Part::Worth { function, least } => {
                format!("check ({}(id::bigint) > -{least})", sql(&self.function(*function).named.name))
            }
            Part::Trigger { function, on_insert } => format!(
                "before {} on {} for each row execute function {}()",
                if *on_insert { "insert" } else { "update" },
                sql(&table.named.name),
                sql(&self.function(*function).named.name)
            ),
        }
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
        for (section, table, name) in &self.drops {
            let whole = match table.map(|id| self.table(id)) {
                None => name.clone(),
                Some(Some(table)) => format!("{}.{name}", sql(&table.named.name)),
                // It goes with its table.
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
    pub(crate) fn column_name(&self, id: Id) -> String {
        sql(&self.columns.iter().find(|column| column.named.id == id).unwrap().named.name)
    }
}

impl Part {
    fn section(&self) -> usize {
        match self {
            Self::Index { .. } => 1,
            Self::Trigger { .. } => 2,
            _ => 0,
        }
    }

    /// Whether it stands on a column.
    pub(crate) fn is_on(&self, column: Id) -> bool {
        match self {
            Self::Index { columns, .. } | Self::Unique { columns } => columns.contains(&column),
            Self::Exclusion { column: on } | Self::Reference { column: on, .. } => *on == column,
            Self::Worth { .. } | Self::Trigger { .. } => false,
        }
    }
}
