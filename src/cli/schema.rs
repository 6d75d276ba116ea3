//! `holdover schema NAME`: the JSON Schemas of this build.

use super::arguments::{Schema, SchemaName};
use super::failure::Failure;
use super::session::Session;
use crate::{config, emit, exceptions, policy, roster, rules};

pub(super) fn run(session: &Session<'_>, arguments: &Schema) -> Result<u8, Failure> {
    session.say(&text(arguments.name)?)?;
    Ok(0)
}

fn text(name: SchemaName) -> Result<String, Failure> {
    let pretty = |value: &serde_json::Value| {
        serde_json::to_string_pretty(value).map_err(|error| Failure::Output(error.to_string()))
    };
    match name {
        SchemaName::Config => Ok(config::schema()),
        SchemaName::Roster => Ok(String::from(roster::schema())),
        SchemaName::Links => Ok(roster::links_schema()),
        SchemaName::Exceptions => Ok(exceptions::schema()),
        SchemaName::Policy => Ok(policy::schema()),
        SchemaName::Rule => Ok(rules::rule_schema()),
        SchemaName::Findings => pretty(&emit::json::schema()),
        SchemaName::Run => pretty(&emit::run_json::schema()),
    }
}
