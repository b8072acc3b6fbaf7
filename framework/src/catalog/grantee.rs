//! Who is meant by a grant: a role by its name, a service by the role that owns its tables. Whoever is not there yet is waited for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{json, parse};
use crate::kind::{Kind, Object, grant::Grant};
use crate::name::Name;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, sql};

/// What PostgreSQL calls all roles at once, those to come among them. No role can have this name.
const EVERYBODY: &str = "public";

#[derive(Deserialize)]
struct Row {
    roles: Vec<Name>,
    services: BTreeMap<String, Name>,
}

/// Fills in the roles of the grants, and takes those out whose role is not known; gives these back. What a role has on a table then stands
/// in `live` under the name that the manifest has for the role; so does what those have of whom rights are `taken`.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn resolve(
    session: &mut Session,
    wanted: &mut Schema,
    live: &mut Schema,
    taken: &[Grant],
    ledger: bool,
) -> Result<Vec<Grant>, SessionError> {
    let grants = wanted.objects.values().filter_map(|object| match object {
        Object::Grant(grant) => Some(grant.clone()),
        _ => None,
    });
    let grants: Vec<Grant> = grants.collect();
    let all: Vec<Grant> = grants.iter().chain(taken).cloned().collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let known = known(session, &all, ledger).await?;
    let mut waiting = Vec::new();
    for mut grant in grants {
        grant.role = known.role(&grant);
        if grant.role.is_some() {
            wanted.insert(grant);
        } else {
            wanted.objects.remove(&grant.address());
            waiting.push(grant);
        }
    }
    for grant in all {
        let Some(role) = known.role(&grant) else { continue };
        let has = Grant { grantee: role, ..grant.clone() }.address();
        if let Some(Object::Grant(found)) = live.objects.get(&has).cloned() {
            live.insert(Grant { grantee: grant.grantee, ..found });
        }
    }
    Ok(waiting)
}

impl Row {
    fn role(&self, grant: &Grant) -> Option<Name> {
        match grant.grantee.as_str().split_once(':') {
            Some(("service", service)) => self.services.get(service).cloned(),
            _ => grant.role.clone().filter(|role| role.as_str() == EVERYBODY || self.roles.contains(role)),
        }
    }
}

async fn known(session: &mut Session, grants: &[Grant], ledger: bool) -> Result<Row, SessionError> {
    let roles: Vec<&Name> = grants.iter().filter_map(|grant| grant.role.as_ref()).collect();
    let services: Vec<&str> =
        grants.iter().filter_map(|grant| grant.grantee.as_str().strip_prefix("service:")).collect();
    let services = Literal(&json(&services)?).0.to_owned();
    let owners = if ledger {
        sql!(
            "(select coalesce(json_object_agg(f.service, f.owner), '{}') from (
                 select o.service, min(pg_catalog.pg_get_userbyid(c.relowner)) as owner
                 from freehold.object o join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(o.name)
                 where o.kind = 'table' and o.service in (select json_array_elements_text({}))
                 group by o.service) f)",
            Sql::fixed("{}"),
            Literal(&services),
        )
    } else {
        Sql::fixed("'{}'::json")
    };
    let query = sql!(
        "select json_build_object('services', {}, 'roles', (
             select coalesce(json_agg(rolname), '[]') from pg_catalog.pg_roles where rolname in (select json_array_elements_text({})::name)))",
        owners,
        Literal(&json(&roles)?),
    );
    parse(&session.value(&query).await?.unwrap_or_default())
}
