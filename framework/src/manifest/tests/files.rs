//! A manifest in several files, and the files that it names.

use super::*;

const TABLES: &str = "[tables.items.columns]\nid = \"int primary key\"\n";

fn with(lines: &str, files: &[(&str, &str)]) -> Result<Parsed, Problems> {
    let text = format!(
        "manifest = 1\n{}[service]\nname = \"s\"\nversion = \"1.0.0\"\n[tables.orders.columns]\nid = \"int primary key\"\n",
        lines
    );
    Manifest::parse_with("m/s.toml", &text, &Bundle::new(files.iter().copied()))
}

fn wrong(lines: &str, files: &[(&str, &str)]) -> String {
    with(lines, files).unwrap_err().to_string()
}

#[test]
fn included_files_are_parts_of_the_manifest() {
    let include = "include = [\"tables/*.toml\", \"enums.toml\"]\n";
    let enums = "[enums]\nstate = [\"a\"]\n";
    let files = [("m/enums.toml", enums), ("m/tables/items.toml", TABLES), ("tables/other.toml", "x")];
    let manifest = with(include, &files).unwrap().manifest;
    let names: Vec<String> = manifest.schema.objects.keys().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["enum state", "table items", "table orders", "key items.items_pkey", "key orders.orders_pkey"]
    );
    let places: Vec<String> =
        manifest.places.values().map(|place| format!("{}:{}", place.file, place.line)).collect();
    assert!(places.contains(&"m/tables/items.toml:1".to_owned()), "{places:?}");
    assert!(places.contains(&"m/enums.toml:2".to_owned()), "{places:?}");
    // Where it is declared says nothing about what is declared.
    let split = with("", &[]).unwrap().manifest.fingerprint();
    let alone = Manifest::parse(
        "s.toml",
        &format!(
            "manifest = 1\nservice = {{ name = \"s\", version = \"2.0.0\" }}\n{enums}{TABLES}[tables.orders.columns]\nid = \"int primary key\"\n"
        ),
    );
    assert_eq!(manifest.fingerprint(), alone.unwrap().manifest.fingerprint());
    assert_ne!(manifest.fingerprint(), split);
    // And all of it comes back out of what the ledger keeps.
    let again = Manifest::unpack("x", &manifest.text).unwrap().manifest;
    assert_eq!((again.fingerprint(), again.places), (manifest.fingerprint(), manifest.places));
}

#[test]
fn a_part_may_include_others_and_each_is_read_once() {
    let include = "include = [\"a.toml\", \"b.toml\"]\n";
    let files = [
        ("m/a.toml", "include = [\"deep/c.toml\"]\n"),
        ("m/b.toml", "include = [\"./deep/c.toml\"]\nmanifest = 1\n"),
        ("m/deep/c.toml", TABLES),
    ];
    let manifest = with(include, &files).unwrap().manifest;
    let read: Vec<&str> = manifest.sources.files().map(|file| file.path).collect();
    assert_eq!(read, ["m/s.toml", "m/a.toml", "m/deep/c.toml", "m/b.toml"]);
}

#[test]
fn what_two_files_say_of_one_thing_is_put_together_where_it_can_be() {
    let lines = "include = [\"a.toml\"]\n[requires.u]\ntables.users = { id = \"uuid\" }\n";
    let more =
        "[requires.u]\ntables.roles = { id = \"int\" }\n[requires.v]\ntables.things = { id = \"int\" }\n";
    let manifest = with(lines, &[("m/a.toml", more)]).unwrap().manifest;
    let required: Vec<(&str, usize)> =
        manifest.requires.iter().map(|of| (of.service.as_str(), of.tables.len())).collect();
    assert_eq!(required, [("u", 2), ("v", 1)]);
}

#[test]
fn problems_say_which_file_they_are_in() {
    let include = "include = [\"a.toml\"]\n";
    let twice = "[tables.items.columns]\nid = \"itn primary key\"\n[tables.orders.columns]\nid = \"int\"\n";
    assert_eq!(
        wrong(include, &[("m/a.toml", twice)]),
        "m/a.toml:2:7: error[FH140]: unknown type `itn`; did you mean `int`?\n\
         m/a.toml:3:9: error[FH103]: `orders` is declared in two files"
    );
    assert_eq!(
        wrong(include, &[("m/a.toml", "[service]\nname = \"t\"\n[tabels]\n")]),
        "m/a.toml:1:2: error[FH113]: an included file has no `[service]`; take the section out, or take the file out of \
         `include`: a manifest is one service\nm/a.toml:3:2: error[FH101]: an included file has no key `tabels`; did you mean \
         `tables`?"
    );
    assert!(wrong(include, &[("m/a.toml", "\n[")]).starts_with("m/a.toml:2:2: error[FH100]"));
    assert!(wrong(include, &[("m/a.toml", "tables = 1")]).contains("m/a.toml:1:10: error[FH104]"));
    assert!(wrong(include, &[("m/a.toml", "tables = 1")]).contains("`tables` is a table"));
}

#[test]
fn an_include_that_finds_nothing_is_an_error() {
    for (include, files, wanted) in [
        ("\"tables/*.toml\"", &[][..], "no file fits `tables/*.toml`"),
        ("\"a.toml\"", &[], "`a.toml` cannot be included"),
        ("\"/etc/a.toml\"", &[], "`/etc/a.toml` does not start from this file's folder"),
        ("\"s.toml\"", &[], "`s.toml` includes a file that is being read"),
        (
            "\"a.toml\"",
            &[("m/a.toml", "include = [\"s.toml\"]")],
            "`s.toml` includes a file that is being read",
        ),
    ] {
        let found = wrong(&format!("include = [{include}]\n"), files);
        assert!(found.contains("error[FH113]") && found.contains(wanted), "{found}");
    }
    assert!(wrong("include = \"a.toml\"\n", &[]).contains("error[FH104]: `include` is a list of strings"));
    assert!(wrong("include = [1]\n", &[]).contains("error[FH104]"));
}

/// What a section gets that names a file, as those of functions and seeds do.
#[test]
fn a_named_file_is_read_once_and_can_be_pointed_at() {
    let bundle = Bundle::new([("sql/f.sql", "select 1;\nselect x")]);
    let text = "x = \"../sql/f.sql\"";
    let loaded = include::load("m/s.toml", text, &bundle);
    let mut walk = walk::Walk::new(&loaded, &bundle);
    let name = text::Text::decode(text, 4..text.len());
    let file = walk.beside(&name).unwrap();
    assert_eq!(walk.beside(&name).as_ref(), Some(&file));
    assert_eq!(file.text, "select 1;\nselect x");
    let place = walk.sources().positions().place(file.start + 17);
    assert_eq!((place.file.as_str(), place.line, place.column), ("sql/f.sql", 2, 8));
    let missing = "\"no.sql\"";
    assert_eq!(walk.beside(&text::Text::decode(missing, 0..missing.len())), None);
    let (problems, sources) = walk.finish();
    assert_eq!((problems[0].code, problems.len()), (code::FILE, 1));
    assert_eq!(sources.named().map(|file| file.path).collect::<Vec<_>>(), ["sql/f.sql"]);
}
