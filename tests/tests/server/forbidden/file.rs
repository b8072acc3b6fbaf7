//! Reading a file of forbidden statements.

/// Rows that must be accepted.
#[derive(Debug, PartialEq)]
pub(super) struct Given {
    pub(super) title: String,
    pub(super) sql: String,
}

/// A statement that must be refused.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Forbidden {
    pub(super) name: String,
    pub(super) why: String,
    /// SQLSTATE and name, as the server reports them.
    pub(super) refused: String,
    pub(super) sql: String,
}

/// A whole file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct File {
    pub(super) manifests: Vec<String>,
    pub(super) given: Vec<Given>,
    pub(super) forbidden: Vec<Forbidden>,
}

/// Which section the next line of SQL belongs to.
enum Section {
    None,
    Given,
    Forbidden,
}

impl File {
    /// # Panics
    /// When a section lacks a part, or two forbidden statements have one name.
    pub(super) fn read(text: &str) -> Self {
        let mut file = Self::default();
        let mut section = Section::None;
        for line in text.lines() {
            if let Some(names) = line.strip_prefix("-- manifests: ") {
                file.manifests = names.split_whitespace().map(str::to_owned).collect();
            } else if let Some(title) = line.strip_prefix("-- given: ") {
                file.given.push(Given { title: title.to_owned(), sql: String::new() });
                section = Section::Given;
            } else if let Some(name) = line.strip_prefix("-- name: ") {
                file.forbidden.push(Forbidden { name: name.to_owned(), ..Forbidden::default() });
                section = Section::Forbidden;
            } else {
                file.within(&section, line);
            }
        }
        file.check();
        file
    }

    fn within(&mut self, section: &Section, line: &str) {
        let sql = match section {
            Section::None => return,
            Section::Given => self.given.last_mut().map(|given| &mut given.sql),
            Section::Forbidden => {
                let Some(forbidden) = self.forbidden.last_mut() else { return };
                if let Some(why) = line.strip_prefix("-- why: ") {
                    why.clone_into(&mut forbidden.why);
                } else if let Some(refused) = line.strip_prefix("-- refused: ") {
                    refused.clone_into(&mut forbidden.refused);
                }
                Some(&mut forbidden.sql)
            }
        };
        if let (Some(sql), false) = (sql, line.starts_with("--")) {
            sql.push_str(line);
            sql.push('\n');
        }
    }

    fn check(&mut self) {
        for given in &mut self.given {
            finish(&given.title, &mut given.sql);
        }
        for forbidden in &mut self.forbidden {
            finish(&forbidden.name, &mut forbidden.sql);
            assert!(!forbidden.why.is_empty(), "{} says no why", forbidden.name);
            assert!(!forbidden.refused.is_empty(), "{} says not how it is refused", forbidden.name);
        }
        let mut names: Vec<&str> = self.forbidden.iter().map(|forbidden| forbidden.name.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair.first() != pair.last()), "two statements have one name");
        assert!(!self.manifests.is_empty(), "the file names no manifests");
    }
}

/// Without the blanks round it and the semicolon at its end, so that more can follow.
fn finish(name: &str, sql: &mut String) {
    *sql = sql.trim().trim_end_matches(';').to_owned();
    assert!(!sql.is_empty(), "{name} has no SQL");
}

#[test]
fn forbidden_files_are_read_section_by_section() {
    let file = File::read(
        "-- A title\n-- manifests: a b\n-- ---- t\n\n-- given: one row\ninsert into t\n  values (1);\n\n\
         -- name: no-second\n-- why: Once.\n-- refused: 23505 t_pkey\ninsert into t values (1);\n",
    );
    assert_eq!(file.manifests, ["a", "b"]);
    let given = Given { title: "one row".to_owned(), sql: "insert into t\n  values (1)".to_owned() };
    assert_eq!(file.given, [given]);
    let forbidden = Forbidden {
        name: "no-second".to_owned(),
        why: "Once.".to_owned(),
        refused: "23505 t_pkey".to_owned(),
        sql: "insert into t values (1)".to_owned(),
    };
    assert_eq!(file.forbidden, [forbidden]);
}
