//! What the configuration says about a live account or organisation.

use std::time::Duration;

use scan_contract::{Cause, SystemId};
use scan_transport::{Connection, Dialect, OriginRule, PaceSettings, Reach, SecretRef};
use url::Url;

use crate::settings::{AccountId, Settings as DocumentSettings};

/// A separate copy of AWS with its own accounts, regions and host names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partition {
    /// `aws`: the commercial regions.
    #[default]
    Aws,
    /// `aws-cn`: China.
    China,
    /// `aws-us-gov`: GovCloud.
    GovCloud,
}

impl Partition {
    /// The word in ARNs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
        }
    }

    /// The partition written as `word`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Aws, Self::China, Self::GovCloud].into_iter().find(|partition| partition.as_str() == word)
    }

    /// The region whose endpoint and signature its global services (IAM, Organizations) use.
    pub fn home_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::China => "cn-north-1",
            Self::GovCloud => "us-gov-west-1",
        }
    }

    /// What every host name of the partition ends with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::GovCloud => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
        }
    }
}

/// Where the first credential comes from. Environment and files are read by the vendor's own library (`aws-config`),
/// and only where the variant says so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SignIn {
    /// The vendor's own order: environment, profile files, web identity from the environment, metadata service.
    #[default]
    Default,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    Environment,
    /// A profile of the vendor's configuration files. Profiles that start a program or sign in by browser are not read.
    Profile {
        /// Its name.
        name: String,
    },
    /// A token of a workload exchanged for a role (EKS service accounts, OIDC of a build service).
    WebIdentity {
        /// The role.
        role_arn: String,
        /// Where the token lies; read again for every exchange.
        token: SecretRef,
        /// Name of the session: 2 to 64 characters of letters, digits and `_+=,.@-`.
        session_name: String,
    },
    /// The role of the instance, from its metadata service (version 2 only).
    Imds {
        /// Address of the metadata service, where it is not the usual one. For tests.
        endpoint: Option<Url>,
    },
    /// A long-term key. A role is better: the audit then owns no key that it would have to report.
    Key {
        /// Its id.
        access_key_id: String,
        /// Its secret.
        secret_access_key: SecretRef,
        /// Session token, for temporary ones.
        session_token: Option<SecretRef>,
    },
}

/// A role that is assumed before anything is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assume {
    /// ARN of the role.
    pub role: String,
    /// External id that its trust policy asks for.
    pub external_id: Option<String>,
    /// Name of the session, by which the audit's own events are recognised in CloudTrail.
    pub session_name: String,
}

/// An account that is left out (COV-4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub account: AccountId,
    /// Written reason.
    pub reason: String,
    /// Last day, ISO 8601.
    pub until: String,
}

/// Reading every account of the organisation. The configured account is the management account or a delegated
/// administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Name of the role, with its path, that is assumed in every member account. The configured account itself is
    /// read with the first credential.
    pub role_name: String,
    /// External id that those roles ask for.
    pub external_id: Option<String>,
    /// Name of the sessions.
    pub session_name: String,
    /// Only these accounts; empty: all of them.
    pub include: Vec<AccountId>,
    /// All but these.
    pub exclude: Vec<LeftOut>,
    /// Accounts read at the same time.
    pub accounts_at_once: usize,
}

impl LeftOut {
    /// Why nothing of it is read.
    pub(crate) fn cause(&self) -> Cause {
        Cause::Excluded { reason: self.reason.clone(), until: self.until.clone() }
    }
}

impl Organisation {
    /// What the configuration says of an account that is left out.
    pub(crate) fn left_out(&self, account: &AccountId) -> Option<&LeftOut> {
        self.exclude.iter().find(|left| left.account == *account)
    }

    /// All accounts, through a role of this name.
    pub fn new(role_name: impl Into<String>) -> Self {
        Self {
            role_name: role_name.into(),
            external_id: None,
            session_name: default_session_name(),
            include: Vec::new(),
            exclude: Vec::new(),
            accounts_at_once: 8,
        }
    }
}

/// Reading IAM Identity Center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityCenter {
    /// Region of the instance.
    pub region: String,
    /// Account that owns the instance, where it is not the configured one: a delegated administrator reads the
    /// instance of the management account.
    pub owner: Option<AccountId>,
}

/// Reading CloudTrail's event history as evidence of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudTrail {
    /// Regions to ask. Global services log in the partition's home region.
    pub regions: Vec<String>,
    /// How far back, at most the 90 days that AWS keeps.
    pub days: u16,
}

/// Settings of the live scanner.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Configured id of the system, for messages.
    pub system: SystemId,
    /// The account the credential must belong to, after `assume` (CMP-1).
    pub account: AccountId,
    /// The partition.
    pub partition: Partition,
    /// Region for STS, and for everything that has no region of its own here.
    pub region: String,
    /// Where the first credential comes from.
    pub sign_in: SignIn,
    /// Role to assume with it.
    pub assume: Option<Assume>,
    /// The other accounts of the organisation.
    pub organisation: Option<Organisation>,
    /// IAM Identity Center; `None`: not read.
    pub identity_center: Option<IdentityCenter>,
    /// Regions whose EC2 key pairs are read; empty: not read.
    pub key_pair_regions: Vec<String>,
    /// CloudTrail; `None`: not read.
    pub cloudtrail: Option<CloudTrail>,
    /// Tags whose value names the person who answers for a user, role or key pair.
    pub owner_tags: Vec<String>,
    /// Tags whose value is the mail address of the person a user belongs to.
    pub email_tags: Vec<String>,
    /// Age of a credential report beyond which it is stale. AWS makes one at most every four hours.
    pub report_max_age: Duration,
    /// How long to wait until AWS has made a report.
    pub report_wait: Duration,
    /// One address for every service, for emulators.
    pub endpoint: Option<Url>,
    /// How AWS is reached.
    pub connection: Connection,
}

/// `holdover`.
fn default_session_name() -> String {
    String::from("holdover")
}

impl Settings {
    /// One account with the vendor's own sign-in, the home region of the commercial partition, and nothing optional.
    pub fn new(system: SystemId, account: AccountId) -> Self {
        Self {
            system,
            account,
            partition: Partition::Aws,
            region: String::from(Partition::Aws.home_region()),
            sign_in: SignIn::Default,
            assume: None,
            organisation: None,
            identity_center: None,
            key_pair_regions: Vec::new(),
            cloudtrail: None,
            owner_tags: DocumentSettings::default_owner_tags(),
            email_tags: DocumentSettings::default_email_tags(),
            report_max_age: Duration::from_hours(5),
            report_wait: Duration::from_mins(3),
            endpoint: None,
            connection: Connection::default(),
        }
    }

    /// Session name of `assume` and `organisation` where the configuration names none.
    pub fn default_session_name() -> String {
        default_session_name()
    }

    /// The pace that suits AWS where the configuration names none: IAM publishes no limit, and Identity Center allows
    /// 20 requests a second for everybody together.
    pub fn default_pace() -> PaceSettings {
        PaceSettings { per_second: 15.0, burst: 30, in_flight: 16, ..PaceSettings::default() }
    }

    /// The pace in force.
    pub(crate) fn pace(&self) -> PaceSettings {
        self.connection.pace.unwrap_or_else(Self::default_pace)
    }

    /// Requests in flight, at least one.
    pub(crate) fn at_once(&self) -> usize {
        self.pace().in_flight.max(1)
    }

    /// What the door to this system is told.
    ///
    /// # Errors
    /// An endpoint that is no origin.
    pub fn door(&self) -> Result<scan_transport::Settings, Cause> {
        let mut origins = Vec::new();
        if let Some(endpoint) = &self.endpoint {
            origins.push(origin(endpoint, self.connection.reach())?);
        } else {
            origins.push(OriginRule {
                scheme: String::from("https"),
                host: format!("*.{}", self.partition.suffix()),
                port: 443,
                reach: self.connection.reach(),
            });
        }
        match &self.sign_in {
            SignIn::Imds { endpoint: Some(endpoint) } => origins.push(origin(endpoint, self.connection.reach())?),
            SignIn::Imds { endpoint: None } | SignIn::Default => origins.push(OriginRule {
                scheme: String::from("http"),
                host: String::from("169.254.169.254"),
                port: 80,
                reach: Reach::MetadataService,
            }),
            SignIn::Environment | SignIn::Profile { .. } | SignIn::WebIdentity { .. } | SignIn::Key { .. } => {}
        }
        let connection = Connection { pace: Some(self.pace()), ..self.connection.clone() };
        Ok(scan_transport::Settings::new(self.system.as_str(), origins, Dialect::Aws, connection))
    }
}

fn origin(url: &Url, reach: Reach) -> Result<OriginRule, Cause> {
    OriginRule::of(url, reach).ok_or_else(|| Cause::Malformed {
        what: String::from("the endpoint needs a scheme and a host, and no user name"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new(SystemId::from("aws-prod"), AccountId::parse("111122223333").expect("twelve digits"))
    }

    #[test]
    fn without_an_endpoint_only_hosts_of_the_vendor_may_be_asked() {
        let door = settings().door().expect("a door");
        let hosts: Vec<&str> = door.origins.iter().map(|origin| origin.host.as_str()).collect();
        assert_eq!(hosts, ["*.amazonaws.com", "169.254.169.254"]);
        assert_eq!(door.origins[1].reach, Reach::MetadataService);
        let mut china = settings();
        china.partition = Partition::China;
        china.sign_in = SignIn::Environment;
        let door = china.door().expect("a door");
        assert_eq!(door.origins.len(), 1, "no metadata service unless it is asked");
        assert_eq!(door.origins[0].host, "*.amazonaws.com.cn");
    }

    #[test]
    fn with_an_endpoint_nothing_else_may_be_asked() {
        let mut emulator = settings();
        emulator.endpoint = Some(Url::parse("http://127.0.0.1:20000").expect("an address"));
        emulator.sign_in = SignIn::Environment;
        let door = emulator.door().expect("a door");
        assert_eq!(door.origins.len(), 1);
        assert_eq!((door.origins[0].host.as_str(), door.origins[0].port), ("127.0.0.1", 20000));
        emulator.endpoint = Some(Url::parse("http://user@127.0.0.1:20000").expect("an address"));
        assert!(emulator.door().is_err(), "user information in an address is refused");
    }

    #[test]
    fn a_partition_is_found_by_its_word() {
        for partition in [Partition::Aws, Partition::China, Partition::GovCloud] {
            assert_eq!(Partition::parse(partition.as_str()), Some(partition));
        }
        assert_eq!(Partition::parse("aws-iso"), None);
    }
}
