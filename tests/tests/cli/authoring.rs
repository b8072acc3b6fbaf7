//! The commands for those who write manifests. None of them needs a database.

use super::{Output, SHOP, ends_with, run};
use freehold_tests::command::freehold;
use std::path::Path;
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        write(folder.path(), file, text);
    }
    folder
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(folder: &TempDir, file: &str) -> String {
    std::fs::read_to_string(folder.path().join(file)).unwrap()
}

#[track_caller]
fn said_in(folder: &TempDir, arguments: &[&str]) -> Output {
    run(freehold(arguments).current_dir(folder.path()))
}

const CROOKED: &str = "[tables.shop_parts.columns]\r\n  id=\"int primary key\"   # the number\r\n";

#[test]
fn fmt_lays_out_a_manifest_and_its_parts_once() {
    let include = SHOP.replacen('\n', "\ninclude   = [ \"parts/*.toml\" ]\n", 1);
    let folder = folder(&[("manifests/shop.toml", &include), ("manifests/parts/a.toml", CROOKED)]);
    let before = said_in(&folder, &["fmt", "--check"]);
    ends_with(2, &before);
    assert_eq!(
        before.stdout,
        "manifests/shop.toml is not formatted\nmanifests/parts/a.toml is not formatted\n\
         manifests/freehold.lock is to have shop-service 1.0.0\n"
    );
    assert_eq!(read(&folder, "manifests/parts/a.toml"), CROOKED);

    ends_with(0, &said_in(&folder, &["fmt"]));
    let laid = "[tables.shop_parts.columns]\nid = \"int primary key\"  # the number\n";
    assert_eq!(read(&folder, "manifests/parts/a.toml"), laid);
    assert!(read(&folder, "manifests/shop.toml").contains("\ninclude = [\"parts/*.toml\"]\n"));
    let again = said_in(&folder, &["fmt", "--check"]);
    ends_with(0, &again);
    assert_eq!(again.stdout, "1 manifest: nothing to do\n");
    // Nothing is left of the writing.
    assert_eq!(std::fs::read_dir(folder.path().join("manifests")).unwrap().count(), 3);
}

#[test]
fn a_change_without_a_new_version_is_met_in_review() {
    let folder =
        folder(&[("manifests/shop.toml", SHOP), ("manifests/other.toml", &SHOP.replace("shop", "other"))]);
    ends_with(0, &said_in(&folder, &["fmt"]));
    let lint = said_in(&folder, &["lint"]);
    ends_with(0, &lint);

    write(folder.path(), "manifests/shop.toml", &format!("{SHOP}note = \"text\"\n"));
    let lint = said_in(&folder, &["lint"]);
    ends_with(65, &lint);
    let wanted = [
        "error[FH115]: shop-service changed, and its version did not",
        "manifests/shop.toml:5:12",
        "write `1.0.1`: no database takes other content under a version that it has (FH230)",
    ];
    for wanted in wanted {
        assert!(lint.stdout.contains(wanted), "{wanted}\n{lint}");
    }
    let refused = said_in(&folder, &["fmt"]);
    ends_with(65, &refused);
    assert!(
        refused.stderr.contains("error[FH115]: shop-service changed, and its version is still 1.0.0"),
        "{refused}"
    );

    // A version that nobody has yet may still change, if somebody says so.
    let lock = read(&folder, "manifests/freehold.lock");
    let unreleased = said_in(&folder, &["fmt", "--unreleased"]);
    assert_eq!(unreleased.stdout, "manifests/freehold.lock has shop-service 1.0.0 with other content\n");
    assert_ne!(read(&folder, "manifests/freehold.lock"), lock);
    ends_with(0, &said_in(&folder, &["lint"]));

    // A new version only has to be locked, and that is worth a warning.
    let next = format!("{SHOP}note = \"int\"\n").replace("1.0.0", "1.1.0");
    write(folder.path(), "manifests/shop.toml", &next);
    let lint = said_in(&folder, &["lint"]);
    ends_with(0, &lint);
    assert!(lint.stdout.contains("warning[FH116]: manifests/freehold.lock has shop-service 1.0.0"), "{lint}");
    ends_with(65, &said_in(&folder, &["lint", "--deny", "warnings"]));
    let locked = said_in(&folder, &["fmt", "-f", "manifests/shop.toml"]);
    assert_eq!(locked.stdout, "manifests/freehold.lock has shop-service 1.0.0 → 1.1.0\n");
    assert!(
        read(&folder, "manifests/freehold.lock").contains("other-service = "),
        "what was not looked at stays"
    );
    let lint = said_in(&folder, &["lint"]);
    assert!(!lint.stdout.contains("FH115") && !lint.stdout.contains("FH116"), "{lint}");

    std::fs::remove_file(folder.path().join("manifests/other.toml")).unwrap();
    assert_eq!(said_in(&folder, &["fmt"]).stdout, "manifests/freehold.lock has no other-service any more\n");
}

#[test]
fn what_is_not_a_manifest_is_left_as_it_is_and_said() {
    let folder = folder(&[("manifests/shop.toml", "manifest   = 1\n[service\n")]);
    let fmt = said_in(&folder, &["fmt"]);
    ends_with(65, &fmt);
    assert!(fmt.stderr.contains("error[FH100]"), "{fmt}");
    assert_eq!(read(&folder, "manifests/shop.toml"), "manifest   = 1\n[service\n");
}

#[test]
fn lint_speaks_to_github() {
    let folder = folder(&[("manifests/shop.toml", &SHOP.replace("email = \"text", "email = \"txt"))]);
    let lint = said_in(&folder, &["lint", "--format", "github"]);
    ends_with(65, &lint);
    let line = "::error file=manifests/shop.toml,line=9,endLine=9,col=10,endColumn=13,title=FH140%3A unknown type `txt`::";
    assert!(lint.stdout.starts_with(line), "{lint}");
    let plan = said_in(&folder, &["plan", "--format", "github"]);
    ends_with(64, &plan);
}

#[test]
fn init_writes_a_first_manifest_and_never_over_another() {
    let folder = folder(&[]);
    let init = said_in(&folder, &["init", "supplier-onboarding-service"]);
    ends_with(0, &init);
    let file = "manifests/supplier-onboarding-service.toml";
    for wanted in
        [file, "wrote manifests/freehold.schema.json\n", "wrote .taplo.toml\n", "freehold::build::manifests"]
    {
        assert!(init.stdout.contains(wanted), "{wanted}: {init}");
    }
    let lint = said_in(&folder, &["lint", "--deny", "warnings"]);
    ends_with(0, &lint);
    ends_with(0, &said_in(&folder, &["fmt"]));
    assert!(read(&folder, file).contains("[tables.supplier_onboarding_orders.columns]"), "what fmt left");
    assert_eq!(read(&folder, "manifests/freehold.schema.json"), said_in(&folder, &["schema"]).stdout);

    write(folder.path(), file, "# hours of work\n");
    let again = said_in(&folder, &["init", "supplier-onboarding-service"]);
    ends_with(3, &again);
    assert!(again.stderr.contains("error[FH421]"), "{again}");
    assert_eq!(read(&folder, file), "# hours of work\n");
    let other = said_in(&folder, &["init", "other-service"]);
    ends_with(0, &other);
    assert!(other.stdout.contains("kept  manifests/freehold.schema.json\n"), "{other}");
    let wrong = said_in(&folder, &["init", "Other"]);
    ends_with(64, &wrong);
    assert!(wrong.stderr.contains("write `other`"), "{wrong}");
}

#[test]
fn explain_says_what_a_code_means() {
    let folder = folder(&[]);
    let explain = said_in(&folder, &["explain", "fh310"]);
    ends_with(0, &explain);
    assert!(
        explain.stdout.starts_with("FH310  a foreign key that waits for another service's table\n"),
        "{explain}"
    );
    assert!(explain.stdout.contains("What to do"), "{explain}");
    let all = said_in(&folder, &["explain"]);
    assert!(all.stdout.lines().filter(|line| line.starts_with("FH")).count() > 70, "{all}");
    let unknown = said_in(&folder, &["explain", "FH998"]);
    ends_with(64, &unknown);
    assert!(unknown.stderr.contains("did you mean FH"), "{unknown}");
    let json: serde_json::Value =
        serde_json::from_str(&said_in(&folder, &["explain", "FH310", "--json"]).stdout).unwrap();
    assert_eq!(json["codes"][0]["code"], "FH310");
}

#[tokio::test]
async fn checks_are_asked_by_verify_and_can_change_nothing() {
    let database = freehold_tests::database::Database::create("cli_checks").await;
    let shop = super::Shop::new(database.address());
    let checks = "[checks]
no_debts = \"select not exists (select from shop_orders where total < 0)\"
has_customers = \"select count(*) > 0 from shop_customers\"
counts = \"select count(*) from shop_customers\"
writes = \"select nextval('shop_customers_id_seq') > 0\"
fails = \"select 1 / count(*) = 1 from shop_customers\"
silent = \"select true from shop_customers\"
slow = \"select pg_sleep(60) is not null\"
";
    shop.declares(&format!("{}{checks}", SHOP));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let verify = shop.said(&["verify"]);
    ends_with(2, &verify);
    for (name, wanted) in [
        ("no_debts", "✓"),
        ("has_customers", "returned false"),
        ("counts", "returned 0"),
        ("writes", "25006 cannot execute nextval() in a read-only transaction"),
        ("fails", "22012 division by zero"),
        ("silent", "returned nothing"),
        ("slow", "57014 canceling statement due to statement timeout"),
    ] {
        let line = verify.stdout.lines().find(|line| line.contains(&format!(" {name} "))).unwrap_or_default();
        assert!(line.contains(wanted), "{name}: {line}\n{verify}");
    }
    assert!(verify.stdout.contains("shop-service.toml:17"), "{verify}");
    let json: serde_json::Value = serde_json::from_str(&shop.said(&["verify", "--json"]).stdout).unwrap();
    assert_eq!((&json["checks"][0]["name"], &json["checks"][0]["holds"]), (&"no_debts".into(), &true.into()));
    assert_eq!(json["checks"][1]["code"], "FH420");

    shop.declares(&format!("{}[checks]\nfine = \"select true\"\n", SHOP.replace("1.0.0", "1.0.1")));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    ends_with(0, &shop.said(&["verify"]));
}
