//! Extensions that the server cannot make: their files are not there, they are too old, or they lean on one that nobody declares. Found before
//! anything runs; those that can be made come in the order in which they lean on each other.

use std::collections::BTreeSet;

use crate::address::{Address, Tag};
use crate::catalog::offers::{Offer, offers};
use crate::kind::extension::{Extension, at_least};
use crate::kind::{Kind as _, Object, Refusal};
use crate::name::Name;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{quoted, sql};
use crate::step::Step;

/// Refuses the extensions of a plan that the server cannot make, and puts the others in order.
pub(super) async fn refuse(
    session: &mut Session,
    wanted: &Schema,
    live: &Schema,
    plan: &mut Plan,
) -> Result<(), SessionError> {
    let objects = wanted.objects.iter().filter(|(address, _)| !live.objects.contains_key(*address));
    let absent: Vec<&Extension> = objects.filter_map(|(_, object)| extension(object)).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let names: Vec<&Name> = absent.iter().map(|extension| &extension.name).collect();
    let offers = offers(session, &names).await?;
    plan.refusals.extend(absent.iter().filter_map(|extension| judged(extension, &offers, &names)));
    order(&mut plan.steps, &offers);
    Ok(())
}

fn extension(object: &Object) -> Option<&Extension> {
    match object {
        Object::Extension(extension) => Some(extension),
        _ => None,
    }
}

fn judged(extension: &Extension, offers: &[Offer], declared: &[&Name]) -> Option<Refusal> {
    let refusal = |what, help| Some(Refusal { code: "FH227", object: extension.address(), what, help });
    let name = &extension.name;
    let Some(offer) = offers.iter().find(|offer| offer.name == *name) else {
        return refusal(
            "this server does not have it".to_owned(),
            format!(
                "install the package that brings it on the server's machine, or choose a service that offers it (`select * from pg_available_extensions` lists what is there); or take {name} out of [extensions]"
            ),
        );
    };
    if let Some(version) = extension.version.as_ref().filter(|version| !at_least(&offer.version, version)) {
        return refusal(
            format!("this server has version {}, and the manifest wants {version} or later", offer.version),
            "install a later package of it on the server's machine, or lower the requirement".to_owned(),
        );
    }
    let missing = offer.needs.iter().find(|need| !declared.contains(need))?;
    refusal(
        format!("it needs the extension {missing}, which is not in this database"),
        format!("declare it, too, under [extensions]: {} = \"*\"", quoted(&sql!("{}", *missing))),
    )
}

/// Lets each extension come after those that it needs. Nothing else changes its place.
fn order(steps: &mut [Step], offers: &[Offer]) {
    let is_extension = |step: &Step| step.object.tag == Tag::Extension;
    let places: Vec<usize> = (0..steps.len()).filter(|at| steps.get(*at).is_some_and(is_extension)).collect();
    let mut waiting: Vec<Step> = places.iter().filter_map(|at| steps.get(*at).cloned()).collect();
    let mut places = places.into_iter();
    while !waiting.is_empty() {
        let missing: BTreeSet<Name> = waiting.iter().map(|step| step.object.name.clone()).collect();
        let free = |step: &Step| needs(&step.object, offers).is_none_or(|needs| needs.is_disjoint(&missing));
        // A circle cannot be installed in any order: the server says so.
        let next = waiting.remove(waiting.iter().position(free).unwrap_or(0));
        if let Some(step) = places.next().and_then(|at| steps.get_mut(at)) {
            *step = next;
        }
    }
}

fn needs<'a>(object: &Address, offers: &'a [Offer]) -> Option<&'a BTreeSet<Name>> {
    offers.iter().find(|offer| offer.name == object.name).map(|offer| &offer.needs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Sql;
    use crate::step::{Phase, Undo};

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn offer(of: &str, needs: &[&str]) -> Offer {
        Offer { name: name(of), version: "1.5".to_owned(), needs: needs.iter().map(|of| name(of)).collect() }
    }

    fn step(of: &str) -> Step {
        let undo = Undo::Lost("");
        let object = Address::global(Tag::Extension, name(of));
        Step::on_new_ground(object, Phase::Shared, Sql::default(), Sql::default(), undo)
    }

    #[test]
    fn each_comes_after_those_that_it_needs_and_the_rest_stay() {
        let offers = [offer("a", &["c"]), offer("b", &[]), offer("c", &["d"]), offer("d", &[])];
        let schema = Address::global(Tag::Schema, name("s"));
        let mut steps =
            vec![step("a"), step("b"), Step { object: schema, ..step("s") }, step("c"), step("d")];
        order(&mut steps, &offers);
        let names: Vec<&str> = steps.iter().map(|step| step.object.name.as_str()).collect();
        assert_eq!(names, ["b", "d", "s", "c", "a"]);
        let mut steps = vec![step("a"), step("b")];
        order(&mut steps, &[offer("a", &["b"]), offer("b", &["a"])]);
        assert_eq!(steps.len(), 2, "a circle ends");
    }

    #[test]
    fn what_the_server_lacks_is_refused() {
        let wanted = |of: &str, version: Option<&str>| Extension {
            name: name(of),
            version: version.map(str::to_owned),
            schema: None,
        };
        let offers = [offer("earthdistance", &["cube"]), offer("trgm", &[])];
        let what = |extension: Extension, declared: &[&Name]| {
            judged(&extension, &offers, declared).map(|refusal| refusal.what)
        };
        assert_eq!(what(wanted("trgm", None), &[]), None);
        assert_eq!(what(wanted("trgm", Some("1.5")), &[]), None);
        assert_eq!(what(wanted("earthdistance", None), &[&name("cube")]), None);
        for (refused, part) in [
            (what(wanted("nosuch", None), &[]), "does not have it"),
            (what(wanted("trgm", Some("1.10")), &[]), "has version 1.5, and the manifest wants 1.10"),
            (what(wanted("earthdistance", None), &[]), "needs the extension cube"),
        ] {
            assert!(refused.as_deref().is_some_and(|refused| refused.contains(part)), "{part}: {refused:?}");
        }
    }
}
