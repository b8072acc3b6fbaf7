//! What a rollback does to values, step by step, in words.

use crate::address::Tag;
use crate::cli::figures::plural;
use crate::survey::losses::{Fate, Loss};

/// The lines, and what it comes to in the end; nothing when no step touches values.
pub(super) fn report(losses: &[Loss]) -> String {
    if losses.is_empty() {
        return String::new();
    }
    let mut out = "\nWhat becomes of values:\n".to_owned();
    for loss in losses {
        let step = loss.step.map_or("refused".to_owned(), |step| format!("step {step}"));
        out.push_str(&format!("  {step}: {} {}\n", loss.object, said(loss)));
    }
    out.push_str(match losses.iter().filter(|loss| loss.fate == Fate::Lost).count() {
        0 => "Nothing is lost.\n",
        1 => "1 column loses something for good.\n",
        _ => "Several columns lose something for good.\n",
    });
    out
}

fn said(loss: &Loss) -> String {
    let unit = if loss.object.tag == Tag::Table { "row" } else { "value" };
    let many = loss.values.map(|values| plural(usize::try_from(values).unwrap_or_default(), unit));
    let many = many.unwrap_or_else(|| format!("{unit}s"));
    match loss.fate {
        Fate::Attic => format!("goes to the attic with its {many}"),
        Fate::Back => format!("comes back from the attic with its {many}"),
        Fate::Lost => format!("loses a part of {many}: as the earlier type they are not what they were"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::name::{Name, QName};

    #[test]
    fn each_step_says_what_it_does_to_values_and_the_end_says_what_is_lost() {
        let table = QName { schema: Name::new("public").unwrap(), name: Name::new("orders").unwrap() };
        let column = |name| Address::part(Tag::Column, &table, &Name::new(name).unwrap());
        let loss = |step, object, fate, values| Loss { step, object, fate, values };
        let mut losses = vec![
            loss(Some(1), column("note"), Fate::Attic, Some(1)),
            loss(Some(2), Address::top(Tag::Table, &table), Fate::Attic, Some(3)),
            loss(Some(3), column("code"), Fate::Back, None),
        ];
        let kept = "\nWhat becomes of values:\n  step 1: column orders.note goes to the attic with its 1 value\n  step 2: table orders goes to the attic with its 3 rows\n  \
             step 3: column orders.code comes back from the attic with its values\nNothing is lost.\n";
        assert_eq!(report(&losses), kept);
        losses.push(loss(None, column("total"), Fate::Lost, Some(2)));
        let lost = "  refused: column orders.total loses a part of 2 values: as the earlier type they are not what they were\n1 column loses something for good.\n";
        assert!(report(&losses).ends_with(lost), "{}", report(&losses));
        assert_eq!(report(&[]), "");
    }
}
