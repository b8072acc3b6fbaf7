//! A rename or a drop is never passed over in silence: what stands under its former name is refused with the statement that renames it, what
//! is to go is said to stay.

use crate::Outcome;
use crate::file::{File, manifest, parsed};
use freehold::sqlite::outline;

const BEFORE: &str = "[tables.heads.columns]\nid = 'bigint primary key'\nmail = 'text'\n";
const AFTER: &str = "[tables.orders]\nrenamed_from = 'heads'\n[tables.orders.columns]\nid = 'bigint primary key'\nemail = { def = 'text', renamed_from = 'mail' }\n[drops]\ntables = ['old']\n";

#[tokio::test]
async fn what_stands_under_its_former_name_is_refused_with_the_statement_that_renames_it() -> Outcome {
    let file = File::new();
    file.applied(&manifest("1.0.0", BEFORE)).await;
    file.execute("insert into heads values (1, 'a@b.c')").await?;
    let second = manifest("1.1.0", AFTER);
    for object in ["table orders", "column orders.email"] {
        let refusals = file.refused(&second).await;
        let found: Vec<String> =
            refusals.iter().map(|refusal| format!("{} {}", refusal.code, refusal.object)).collect();
        assert_eq!(found, [format!("FH267 {object}")]);
        let (_, statement) = refusals[0].help.split_once(": ").ok_or("no statement")?;
        file.execute(statement).await?;
    }
    file.bring_up(&second).await?;
    assert_eq!(file.value("select email from orders").await, "a@b.c");
    file.unchanged(&second).await;
    let (degraded, _) = outline(&parsed(&second));
    assert!(
        degraded.iter().any(|of| of.object.to_string() == "table old" && of.what.contains("stays")),
        "{degraded:?}"
    );
    Ok(())
}
