//! The tables in which other tools keep what they have run. They are those tools' own: they are known, named, and left alone.
//!
//! A table is a tool's history when it has the tool's columns, and either the tool's name for it or columns that nobody else would have.

use crate::name::Name;

/// A tool, and what its history looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tool {
    /// What people call it.
    pub name: &'static str,
    /// What `--from` calls it.
    pub key: &'static str,
    /// The names that it gives to its table.
    tables: &'static [&'static str],
    /// The columns that its table always has.
    columns: &'static [&'static str],
    /// Whether the columns alone tell.
    distinct: bool,
    /// The column that tells a migration.
    pub version: &'static str,
    /// The column in whose order they ran.
    pub order: &'static str,
}

/// All that are known. Where two have the same columns, the names tell.
pub const TOOLS: &[Tool] = &[
    Tool {
        name: "Flyway",
        key: "flyway",
        tables: &["flyway_schema_history", "schema_version"],
        columns: &["installed_rank", "version", "description", "script", "checksum", "success"],
        distinct: true,
        version: "version",
        order: "installed_rank",
    },
    Tool {
        name: "Liquibase",
        key: "liquibase",
        tables: &["databasechangelog", "DATABASECHANGELOG"],
        columns: &["id", "author", "filename", "dateexecuted", "orderexecuted", "exectype", "md5sum"],
        distinct: true,
        version: "id",
        order: "orderexecuted",
    },
    Tool {
        name: "Liquibase",
        key: "liquibase",
        tables: &["databasechangeloglock", "DATABASECHANGELOGLOCK"],
        columns: &["id", "locked", "lockgranted", "lockedby"],
        distinct: true,
        version: "lockedby",
        order: "id",
    },
    Tool {
        name: "sqlx",
        key: "sqlx",
        tables: &["_sqlx_migrations"],
        columns: &["version", "description", "installed_on", "success", "checksum", "execution_time"],
        distinct: true,
        version: "version",
        order: "version",
    },
    Tool {
        name: "SeaORM",
        key: "seaorm",
        tables: &["seaql_migrations"],
        columns: &["version", "applied_at"],
        distinct: false,
        version: "version",
        order: "version",
    },
    Tool {
        name: "Django",
        key: "django",
        tables: &["django_migrations"],
        columns: &["id", "app", "name", "applied"],
        distinct: false,
        version: "name",
        order: "id",
    },
    Tool {
        name: "Alembic",
        key: "alembic",
        tables: &["alembic_version"],
        columns: &["version_num"],
        distinct: false,
        version: "version_num",
        order: "version_num",
    },
    Tool {
        name: "Prisma",
        key: "prisma",
        tables: &["_prisma_migrations"],
        columns: &["id", "checksum", "finished_at", "migration_name", "applied_steps_count"],
        distinct: true,
        version: "migration_name",
        order: "finished_at",
    },
    Tool {
        name: "refinery",
        key: "refinery",
        tables: &["refinery_schema_history"],
        columns: &["version", "name", "applied_on", "checksum"],
        distinct: true,
        version: "version",
        order: "version",
    },
    Tool {
        name: "goose",
        key: "goose",
        tables: &["goose_db_version"],
        columns: &["id", "version_id", "is_applied", "tstamp"],
        distinct: true,
        version: "version_id",
        order: "id",
    },
    Tool {
        name: "Diesel",
        key: "diesel",
        tables: &["__diesel_schema_migrations"],
        columns: &["version", "run_on"],
        distinct: false,
        version: "version",
        order: "version",
    },
    Tool {
        name: "Entity Framework",
        key: "entity-framework",
        tables: &["__EFMigrationsHistory"],
        columns: &["MigrationId", "ProductVersion"],
        distinct: true,
        version: "MigrationId",
        order: "MigrationId",
    },
    Tool {
        name: "Drizzle",
        key: "drizzle",
        tables: &["__drizzle_migrations"],
        columns: &["id", "hash", "created_at"],
        distinct: false,
        version: "hash",
        order: "id",
    },
    Tool {
        name: "Knex",
        key: "knex",
        tables: &["knex_migrations"],
        columns: &["id", "name", "batch", "migration_time"],
        distinct: true,
        version: "name",
        order: "id",
    },
    Tool {
        name: "Knex",
        key: "knex",
        tables: &["knex_migrations_lock"],
        columns: &["index", "is_locked"],
        distinct: false,
        version: "is_locked",
        order: "index",
    },
    Tool {
        name: "TypeORM",
        key: "typeorm",
        tables: &["migrations", "typeorm_migrations"],
        columns: &["id", "timestamp", "name"],
        distinct: false,
        version: "name",
        order: "id",
    },
    Tool {
        name: "Laravel",
        key: "laravel",
        tables: &["migrations"],
        columns: &["id", "migration", "batch"],
        distinct: false,
        version: "migration",
        order: "id",
    },
    Tool {
        name: "Sequelize",
        key: "sequelize",
        tables: &["SequelizeMeta"],
        columns: &["name"],
        distinct: false,
        version: "name",
        order: "name",
    },
    Tool {
        name: "node-pg-migrate",
        key: "node-pg-migrate",
        tables: &["pgmigrations"],
        columns: &["id", "name", "run_on"],
        distinct: false,
        version: "name",
        order: "id",
    },
    Tool {
        name: "Bun",
        key: "bun",
        tables: &["bun_migrations"],
        columns: &["id", "name", "group_id", "migrated_at"],
        distinct: true,
        version: "name",
        order: "id",
    },
    Tool {
        name: "golang-migrate",
        key: "golang-migrate",
        tables: &["schema_migrations"],
        columns: &["version", "dirty"],
        distinct: false,
        version: "version",
        order: "version",
    },
    // Rails, dbmate, Ecto and others: a table of this name with a version, and at most the time beside it.
    Tool {
        name: "schema_migrations",
        key: "rails",
        tables: &["schema_migrations", "schema_migration"],
        columns: &["version"],
        distinct: false,
        version: "version",
        order: "version",
    },
    Tool {
        name: "Rails",
        key: "rails",
        tables: &["ar_internal_metadata"],
        columns: &["key", "value", "created_at", "updated_at"],
        distinct: false,
        version: "value",
        order: "key",
    },
];

/// A history holds versions and what is said of them; a table with many more columns is something else of that name.
const MORE_COLUMNS_MAX: usize = 6;

/// The tool whose history a table is.
#[must_use]
pub fn tool(table: &Name, columns: &[Name]) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| {
        let named = tool.tables.contains(&table.as_str());
        let has = |wanted: &&str| columns.iter().any(|column| column.as_str() == *wanted);
        let more = columns.len().saturating_sub(tool.columns.len());
        tool.columns.iter().all(has) && (named || tool.distinct) && more <= MORE_COLUMNS_MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &str, columns: &[&str]) -> Option<&'static str> {
        let name = |text: &&str| Name::new(*text).unwrap();
        tool(&name(&table), &columns.iter().map(name).collect::<Vec<_>>()).map(|tool| tool.name)
    }

    #[test]
    fn a_history_is_known_by_its_columns_even_under_another_name() {
        let flyway = [
            "installed_rank",
            "version",
            "description",
            "type",
            "script",
            "checksum",
            "installed_by",
            "installed_on",
            "execution_time",
            "success",
        ];
        assert_eq!(found("flyway_schema_history", &flyway), Some("Flyway"));
        assert_eq!(found("our_history", &flyway), Some("Flyway"));
        assert_eq!(found("schema_migrations", &["version", "dirty"]), Some("golang-migrate"));
        assert_eq!(found("schema_migrations", &["version"]), Some("schema_migrations"));
        assert_eq!(found("migrations", &["id", "migration", "batch"]), Some("Laravel"));
    }

    #[test]
    fn a_table_of_that_name_with_other_columns_is_a_table() {
        assert_eq!(found("migrations", &["id", "species", "from_country", "to_country"]), None);
        assert_eq!(found("alembic_version", &["id"]), None);
        assert_eq!(found("versions", &["version"]), None);
        let many = ["version", "a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(found("schema_migrations", &many), None);
    }
}
