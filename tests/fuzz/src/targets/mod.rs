//! THE table of targets.

mod address_guard;
mod authorized_keys;
mod cloud_documents;
mod configuration;
mod credential_report;
mod days;
mod exceptions;
mod graphql_query;
mod host_files;
mod import_csv;
mod import_manifest;
mod import_ndjson;
mod json_reply;
mod ledger;
mod link_header;
mod metrics_text;
mod normaliser;
mod policy;
mod recording;
mod request_encoding;
mod roster_beside;
mod roster_csv;
mod roster_ndjson;
mod rules;
mod sanitiser;
mod schedule;
mod spreadsheet;
mod sshd_config;
mod sudoers;
mod ticket_markup;
mod wait_hints;
mod wrong_on_purpose;
mod xml_reply;
mod yaml_document;

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of its file here, of its folders of entries, and on the command line.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
    /// What must hold for every input.
    pub holds: &'static str,
    /// Longest input that is made, in bytes: beyond it nothing new is reached, and everything is slower.
    pub longest: usize,
}

/// The name of the target that is wrong on purpose. It is driven to show that the fuzzer sees what it does.
pub const CONTROL: &str = "wrong_on_purpose";

macro_rules! targets {
    ($($name:ident = $longest:literal,)+) => {
        /// Every target, by name; the control among them.
        pub const TARGETS: &[Target] = &[
            $(Target { name: stringify!($name), run: $name::run, holds: $name::HOLDS, longest: $longest },)+
        ];
    };
}

targets! {
    address_guard = 200,
    authorized_keys = 4_000,
    cloud_documents = 8_000,
    configuration = 9_000,
    credential_report = 4_000,
    days = 64,
    exceptions = 6_000,
    graphql_query = 2_000,
    host_files = 1_500,
    import_csv = 2_000,
    import_manifest = 300,
    import_ndjson = 4_000,
    json_reply = 2_000,
    ledger = 3_000,
    link_header = 1_000,
    metrics_text = 200,
    normaliser = 200,
    policy = 4_000,
    recording = 3_000,
    request_encoding = 300,
    roster_beside = 2_000,
    roster_csv = 3_000,
    roster_ndjson = 3_000,
    rules = 3_000,
    sanitiser = 400,
    schedule = 64,
    spreadsheet = 400,
    sshd_config = 2_000,
    sudoers = 2_000,
    ticket_markup = 300,
    wait_hints = 1_000,
    wrong_on_purpose = 64,
    xml_reply = 2_000,
    yaml_document = 3_000,
}

/// The target of that name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
