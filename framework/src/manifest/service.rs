//! `[service]`: who this manifest belongs to.

use std::ops::Range;

use semver::Version;
use serde::Serialize;
use toml::de::DeTable;

use super::code;
use super::cursor::Read;
use super::problem::Problem;
use super::text::Text;
use super::walk::{Keys, Walk};
use crate::name::Name;

/// The service that a manifest belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name, unique among the services that share the database.
    pub name: String,
    /// The version of this slice.
    pub version: Version,
    /// The schema that its objects are in.
    pub schema: Name,
    /// What the names of its objects start with.
    pub prefix: Option<String>,
    /// The role that owns what it creates.
    pub owner: Option<Name>,
}

/// What the rest of the manifest needs of the section, whether or not all of it could be read.
#[derive(Debug)]
pub(super) struct ServiceRead {
    /// The whole of it.
    pub(super) service: Option<Service>,
    pub(super) schema: Name,
    pub(super) prefix: Option<(String, Range<usize>)>,
    /// Where it stands.
    pub(super) place: Range<usize>,
    /// Where its version stands.
    pub(super) version: Range<usize>,
}

pub(super) const KEYS: Keys =
    Keys { place: "`[service]`", known: &["name", "version", "schema", "prefix", "owner"], later: &[] };

/// Reads the section. `keys` are those of the whole manifest.
pub(super) fn service<'a>(root: &DeTable<'a>, keys: &Keys, walk: &mut Walk<'a>) -> ServiceRead {
    let public = || Name::new("public").unwrap_or_else(|error| unreachable!("{error}"));
    let nothing =
        || ServiceRead { service: None, schema: public(), prefix: None, place: 0..0, version: 0..0 };
    let Some((key, value)) = root.get_key_value("service") else {
        walk.demand(root, "service", keys, 0..0);
        return nothing();
    };
    let Some(table) = walk.table(value, "`service`") else { return nothing() };
    walk.check_keys(table, &KEYS);
    let name = walk.required(table, "name", &KEYS, key.span()).and_then(|text| {
        let name = service_name(&text);
        walk.keep(name)
    });
    let mut version_place = 0..0;
    let version = walk.required(table, "version", &KEYS, key.span()).and_then(|text| {
        version_place = text.whole();
        let version = version(&text);
        walk.keep(version)
    });
    let named = |walk: &mut Walk<'a>, key| {
        let text = walk.optional(table, key)?;
        walk.name(text.as_str(), text.whole()).map(|word| word.name)
    };
    let schema = named(walk, "schema").unwrap_or_else(public);
    let owner = named(walk, "owner");
    let prefix = walk.optional(table, "prefix").map(|text| (text.as_str().to_owned(), text.whole()));
    let service = name.zip(version).map(|(name, version)| Service {
        name,
        version,
        schema: schema.clone(),
        prefix: prefix.as_ref().map(|(prefix, _)| prefix.clone()),
        owner,
    });
    ServiceRead { service, schema, prefix, place: key.span(), version: version_place }
}

/// A service's name: `order-service`.
///
/// # Errors
/// When it does not match `^[a-z][a-z0-9-]*$`.
pub(super) fn service_name(text: &Text) -> Read<String> {
    let name = text.as_str();
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if fits {
        return Ok(name.to_owned());
    }
    let lower = name.to_lowercase().replace(['_', ' ', '.'], "-");
    let problem = Problem::error(code::SERVICE, text.whole(), format!("`{name}` is not a service's name"))
        .label("lower-case letters, digits and hyphens, a letter first");
    let usable = lower.starts_with(|c: char| c.is_ascii_lowercase())
        && lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    Err(Box::new(if usable { problem.help(format!("write `{lower}`")) } else { problem }))
}

/// A version: `1.0.0`.
///
/// # Errors
/// When it is not a semantic version.
pub(super) fn version(text: &Text) -> Read<Version> {
    Version::parse(text.as_str()).map_err(|error| {
        let problem = Problem::error(
            code::VERSION,
            text.whole(),
            format!("`{}` is not a semantic version", text.as_str()),
        )
        .label(match text.as_str().split('.').count() {
            1 => "the minor and patch numbers are missing".to_owned(),
            2 => "the patch number is missing".to_owned(),
            _ => error.to_string(),
        });
        let whole = [format!("{}.0", text.as_str()), format!("{}.0.0", text.as_str())];
        Box::new(match whole.iter().find(|whole| Version::parse(whole).is_ok()) {
            Some(whole) => problem.help(format!("write `{whole}`")),
            None => problem.help("a version is three numbers: `1.0.0`"),
        })
    })
}
