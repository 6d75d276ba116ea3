//! What the file says about systems.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::roster::RoleTier;
use crate::yaml::forms::{WrittenDate, WrittenDuration, WrittenInstant, WrittenKind};

use super::connection::RawConnection;
use super::file::RawProvenFile;
use super::live::{RawAwsLive, RawGithub, RawOkta, RawVault};
use super::roster::RawEncoding;

/// One system. `connector` says who reads it; the keys of other connectors are mistakes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSystem {
    /// Id: a label in metrics, part of every fingerprint. It never changes.
    #[schemars(
        regex(pattern = "^[a-z0-9][a-z0-9-]{0,31}$"),
        extend("x-expected" = "an id of small letters, digits and hyphens, at most 32")
    )]
    pub(in crate::config) id: String,
    /// Who reads it.
    pub(in crate::config) connector: RawConnector,
    /// How much it can give away: `tier0` gives others access. Bounds exceptions. Default: `tier1`.
    pub(in crate::config) tier: Option<RoleTier>,
    /// Team that can act.
    #[schemars(length(min = 1, max = 64))]
    pub(in crate::config) owner_team: Option<String>,
    /// Age from which what it says is stale. Default: any age.
    pub(in crate::config) max_age: Option<WrittenDuration>,
    /// Time after the end in which a grant may still be listed. Default: `15m`.
    pub(in crate::config) settle_time: Option<WrittenDuration>,
    /// What a login says about a person. Default: nothing.
    pub(in crate::config) login_is: Option<RawLoginMeaning>,
    /// Kinds that cannot be used once the account is disabled. Default: the list of the connector.
    #[schemars(extend("uniqueItems" = true))]
    pub(in crate::config) dies_with_account: Option<Vec<WrittenKind>>,
    /// Something that is known to be there. A complete read has to show it.
    pub(in crate::config) known_object: Option<RawKnownObject>,
    /// Scopes that are left out on purpose. They keep a run from being clean.
    #[serde(default)]
    pub(in crate::config) exclude: Vec<RawExclusion>,
    /// How deep it is read: of people of interest only, or of everyone. Default: `people_of_interest`.
    pub(in crate::config) depth: Option<RawDepth>,
    /// Live connectors: folder of a recording (`scan --record`) that is read instead of the system, without a network.
    #[schemars(length(min = 1))]
    pub(in crate::config) replay: Option<String>,
    /// Live connectors: how the system is reached.
    pub(in crate::config) connection: Option<RawConnection>,
    /// Live connectors: whether a credential that can do more than is needed ends a run before anything is read. Default:
    /// false, it is only told. Where a system does not say what a credential can do, this changes nothing.
    pub(in crate::config) deny_overprivileged: Option<bool>,

    /// `import`: scopes that have to be there. Default: what the files claim.
    #[schemars(length(min = 1))]
    pub(in crate::config) scopes: Option<Vec<String>>,
    /// `import`: the files.
    #[schemars(length(min = 1))]
    pub(in crate::config) files: Option<Vec<RawImportFile>>,

    /// `aws`: the account the documents, or the credential, have to belong to.
    #[schemars(regex(pattern = "^[0-9]{12}$"), extend("x-expected" = "an account of twelve digits, in quotes"))]
    pub(in crate::config) account: Option<String>,
    /// `aws`: the documents.
    pub(in crate::config) documents: Option<RawAwsDocuments>,
    /// `aws`: ask the account itself, instead of reading documents.
    pub(in crate::config) live: Option<RawAwsLive>,
    /// `aws`: tags whose value names the person who answers for a user or role. Default: `owner`, `owner-email`.
    pub(in crate::config) owner_tags: Option<Vec<String>>,
    /// `aws`: tags whose value is the address of the person a user belongs to. Default: `email`.
    pub(in crate::config) email_tags: Option<Vec<String>>,

    /// `github`: the organisation.
    pub(in crate::config) github: Option<RawGithub>,
    /// `okta`: the organisation.
    pub(in crate::config) okta: Option<RawOkta>,
    /// `vault`: the cluster, HashiCorp Vault or OpenBao.
    pub(in crate::config) vault: Option<RawVault>,

    /// `ssh`: folder with one folder a host.
    #[schemars(length(min = 1))]
    pub(in crate::config) tree: Option<String>,
    /// `ssh`: file that lists the hosts that have to be there, one a line.
    pub(in crate::config) expected_hosts: Option<RawProvenFile>,
    /// `ssh`: the instant the tree describes.
    pub(in crate::config) as_of: Option<WrittenInstant>,
    /// `ssh`: groups whose members are administrators. Default: `sudo`, `wheel`, `admin`, `root`.
    pub(in crate::config) admin_groups: Option<Vec<String>>,
}

/// Who reads a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawConnector {
    /// Files of any system: native NDJSON, or a table with a mapping.
    Import,
    /// An AWS account, from documents or asked itself.
    Aws,
    /// A GitHub organisation, asked itself.
    Github,
    /// An Okta organisation, asked itself.
    Okta,
    /// Hosts, from a tree of their files.
    Ssh,
    /// A HashiCorp Vault or OpenBao cluster, asked itself.
    Vault,
}

impl RawConnector {
    pub(in crate::config) fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Aws => "aws",
            Self::Github => "github",
            Self::Okta => "okta",
            Self::Ssh => "ssh",
            Self::Vault => "vault",
        }
    }
}

/// What a login says about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawLoginMeaning {
    /// It is the part of the work address before the `@`.
    EmailLocalPart,
    /// It is the number in the roster.
    EmployeeId,
}

/// How deep a system is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawDepth {
    /// What hangs from people who left, leave soon, or cannot be told.
    PeopleOfInterest,
    /// Everything.
    Everyone,
}

/// Something that is known to be there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawKnownObject {
    /// Scope.
    #[schemars(length(min = 1))]
    pub(in crate::config) scope: String,
    /// Kind.
    pub(in crate::config) kind: WrittenKind,
    /// Grant id.
    #[schemars(length(min = 1))]
    pub(in crate::config) grant_id: String,
}

/// A scope that is left out on purpose.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawExclusion {
    /// Scope, or what scopes lie in: an account, a host, a kind of follow-up.
    #[schemars(length(min = 1))]
    pub(in crate::config) scope: String,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    pub(in crate::config) reason: String,
    /// Last day it holds.
    pub(in crate::config) until: WrittenDate,
}

/// A planted leaver.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSentinelLeaver {
    /// Planted person on the roster.
    #[schemars(length(min = 1))]
    pub(in crate::config) person_id: String,
    /// Where.
    pub(in crate::config) system: String,
    /// What.
    pub(in crate::config) kind: WrittenKind,
    /// Which grant.
    #[schemars(length(min = 1))]
    pub(in crate::config) grant_id: String,
}

/// A file of an import.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawImportFile {
    /// The file. Names that end in `.gz` or `.zst` are decompressed.
    #[schemars(length(min = 1))]
    pub(in crate::config) path: String,
    /// Its format. The keys below are for `csv`.
    pub(in crate::config) format: RawImportFormat,
    /// JSON file with `as_of`, `rows` and `sha256`. Without it the scope is never complete.
    #[schemars(length(min = 1))]
    pub(in crate::config) manifest: Option<String>,
    /// The scope the table covers.
    #[schemars(length(min = 1))]
    pub(in crate::config) scope: Option<String>,
    /// What every row is.
    pub(in crate::config) kind: Option<WrittenKind>,
    /// Field to the header of its column. Columns that are not named are ignored and listed.
    #[schemars(transform = field_names)]
    pub(in crate::config) columns: Option<BTreeMap<String, String>>,
    /// Field to its words, each with the words of the file that mean it. Words of times are `none` and `hidden`.
    #[schemars(transform = field_names)]
    pub(in crate::config) values: Option<BTreeMap<String, BTreeMap<String, Vec<String>>>>,
    /// Time field to the pattern of its values (strftime). Default: RFC 3339 instants and ISO 8601 dates.
    #[schemars(transform = field_names)]
    pub(in crate::config) formats: Option<BTreeMap<String, String>>,
    /// Time zone of times without an offset, by its name in the tz database. Default: such times are refused.
    pub(in crate::config) time_zone: Option<String>,
    /// Character between cells. Default: `,`.
    #[schemars(
        regex(pattern = "^[\\x20-\\x21\\x23-\\x7E\\t]$"),
        extend("x-expected" = "one ASCII character that is no quote")
    )]
    pub(in crate::config) delimiter: Option<String>,
    /// Encoding of a file without a byte-order mark. Default: `utf-8`.
    pub(in crate::config) encoding: Option<RawEncoding>,
    /// How the person of a row relates to the grant, where no column says so. Default: `holder`.
    #[schemars(transform = relation_words)]
    pub(in crate::config) relation: Option<String>,
}

/// Format of an import's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RawImportFormat {
    /// The native format.
    Ndjson,
    /// A table with a header row.
    Csv,
}

/// Keys of a mapping by field.
fn field_names(schema: &mut schemars::Schema) {
    let words: Vec<&str> = scan_import::Field::ALL.iter().map(|field| field.as_str()).collect();
    schema.insert("propertyNames".to_owned(), serde_json::json!({ "enum": words }));
}

fn relation_words(schema: &mut schemars::Schema) {
    let words: Vec<&str> = scan_contract::Relation::ALL.iter().map(|relation| relation.as_str()).collect();
    schema.insert("enum".to_owned(), serde_json::json!(words));
}

/// Documents of one AWS account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawAwsDocuments {
    /// When they were asked for.
    pub(in crate::config) as_of: WrittenInstant,
    /// Answers of `get-account-authorization-details`.
    #[schemars(length(min = 1))]
    pub(in crate::config) authorization_details: Option<String>,
    /// Answer of `get-credential-report`, decoded.
    #[schemars(length(min = 1))]
    pub(in crate::config) credential_report: Option<String>,
    /// JSON array of the answers of `list-access-keys`.
    #[schemars(length(min = 1))]
    pub(in crate::config) access_keys: Option<String>,
}
