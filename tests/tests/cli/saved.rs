//! Plans that are written, read by somebody, and then carried out: exactly those changes, or none.

use crate::{Outcome, SHOP, Shop, ends_with, run};
use freehold_tests::command::freehold;
use freehold_tests::database::Database;
use freehold_tests::process::Output;
use serde_json::Value;

/// Somebody else's machine: the plan is there, the manifests are not.
struct Elsewhere<'a> {
    shop: &'a Shop,
    plan: String,
}

impl Elsewhere<'_> {
    fn apply(&self, more: &[&str]) -> Output {
        let folder = tempfile::tempdir().unwrap();
        let mut command = freehold(&[&["apply", self.plan.as_str()], more].concat());
        command.env("DATABASE_URL", &self.shop.url).current_dir(folder.path());
        run(&mut command)
    }
}

/// Writes the plan for what the shop declares now.
fn planned(shop: &Shop) -> Elsewhere<'_> {
    let output = shop.said(&["plan", "-o", "plan.json"]);
    ends_with(0, &output);
    assert_eq!(output.stdout, "", "the answer is in the file: {output}");
    Elsewhere { shop, plan: shop.directory.path().join("plan.json").display().to_string() }
}

#[tokio::test]
async fn a_saved_plan_is_carried_out_without_a_question_and_without_its_manifest() -> Outcome {
    let database = Database::create("cli_saved").await;
    let shop = Shop::new(database.address());
    let shown = shop.said(&["plan"]);
    let how = "\nTo make exactly these changes:  freehold plan -f shop-service.toml -o plan.json && freehold apply plan.json\n";
    assert!(shown.stdout.ends_with(how), "{shown}");
    let plan = planned(&shop);
    let applied = plan.apply(&[]);
    ends_with(0, &applied);
    assert!(applied.stdout.starts_with("shop-service 1.0.0: done, 3 steps"), "{applied}");
    ends_with(0, &shop.said(&["verify"]));
    // What it wants is in place: there is nothing to refuse, and nothing to do.
    let again = plan.apply(&[]);
    ends_with(0, &again);
    assert!(again.stdout.contains("nothing had to change"), "{again}");
    Ok(())
}

#[tokio::test]
async fn a_plan_is_refused_once_the_slice_is_not_what_it_was_made_for() -> Outcome {
    let database = Database::create("cli_stale").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    shop.declares_a_column("1.1.0", "note = \"text\"\nmore = \"text\"");
    let plan = planned(&shop);
    database.execute("alter table shop_customers drop column email").await?;
    let before = database.dump();
    let refused = plan.apply(&[]);
    ends_with(3, &refused);
    let said =
        "the plan for shop-service 1.1.0 is out of date: it needs a change that the plan does not hold: ";
    assert!(refused.stderr.contains(said) && refused.stderr.contains("shop_customers"), "{refused}");
    assert!(refused.stderr.contains("error[FH232]"), "{refused}");
    assert_eq!(database.dump(), before, "nothing was changed");
    database.execute("alter table shop_customers add column email text not null unique").await?;
    database.execute("alter table shop_orders add column note text").await?;
    let gone = plan.apply(&["--json"]);
    ends_with(3, &gone);
    let answer: Value = serde_json::from_str(&gone.stdout)?;
    let summary = answer["diagnostics"][0]["summary"].as_str().unwrap_or_default();
    assert!(summary.ends_with("a part of it is not needed any more: column shop_orders.note"), "{gone}");
    // A column of somebody else's changes nothing that the plan does, and yet the slice is not what it was.
    database.execute("alter table shop_orders drop column note").await?;
    let plan = planned(&shop);
    database.execute("alter table shop_orders add column by_hand int").await?;
    let moved = plan.apply(&[]);
    ends_with(3, &moved);
    assert!(moved.stderr.contains("the slice changed after it was made"), "{moved}");
    ends_with(0, &planned(&shop).apply(&[]));
    ends_with(0, &shop.said(&["verify"]));
    Ok(())
}

#[tokio::test]
async fn a_plan_of_two_services_is_carried_out_in_their_order() -> Outcome {
    let database = Database::create("cli_saved_two").await;
    let shop = Shop::new(database.address());
    let parcels = "manifest = 1\n[service]\nname = \"a-parcels\"\nversion = \"1.0.0\"\n\
        [requires.shop-service]\ntables.shop_orders = { id = \"bigint\" }\n\
        [extensions]\npg_trgm = \"*\"\n\
        [tables.parcels.columns]\nid = \"bigint primary key\"\norder_id = \"bigint references shop_orders (id)\"\n";
    std::fs::write(shop.directory.path().join("a-parcels.toml"), parcels)?;
    shop.declares(&SHOP.replacen("[tables", "[extensions]\npg_trgm = \"*\"\n\n[tables", 1));
    let output = shop.said(&["plan", "-f", "a-parcels.toml", "-o", "plan.json"]);
    ends_with(0, &output);
    let plan = shop.directory.path().join("plan.json").display().to_string();
    let applied = Elsewhere { shop: &shop, plan }.apply(&[]);
    ends_with(0, &applied);
    let lines: Vec<&str> = applied.stdout.lines().collect();
    assert!(lines[0].starts_with("shop-service 1.0.0: done"), "{applied}");
    assert!(lines[1].starts_with("a-parcels 1.0.0: done"), "{applied}");
    Ok(())
}

#[test]
fn a_file_of_sqlite_takes_a_saved_plan_too() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("dev.db").display());
    let shop = Shop::at(url);
    let plan = planned(&shop);
    ends_with(0, &plan.apply(&[]));
    ends_with(0, &shop.said(&["verify"]));
    shop.declares_a_column("1.1.0", "note = \"text\"");
    let plan = planned(&shop);
    shop.declares_a_column("1.2.0", "note = \"text\"\nmore = \"text\"");
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let behind = plan.apply(&[]);
    ends_with(0, &behind);
    assert!(behind.stdout.contains("ahead"), "{behind}");
}

#[test]
fn what_is_not_a_plan_ends_with_65_and_a_plan_comes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    std::fs::write(&file, SHOP).unwrap();
    let path = file.display().to_string();
    let url = "postgres://nobody@127.0.0.1:1/none";
    let output = run(freehold(&["apply", &path, "--database-url", url]).current_dir(folder.path()));
    ends_with(65, &output);
    assert!(output.stderr.contains("plan.json is not a plan that can be applied"), "{output}");
    let both = run(&mut freehold(&["apply", &path, "-f", "x.toml", "--database-url", url]));
    ends_with(64, &both);
}
