//! The vendor's clients, all with our way out and none with repeats, waits or a cache of its own.

use std::sync::Arc;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use scan_transport::Door;

use crate::live::ask::Asker;
use crate::live::connector::{DoorClient, DoorClock};
use crate::live::settings::Settings;
use crate::live::sign_in::{Signed, Signer};
use crate::settings::AccountId;

macro_rules! client {
    ($sdk:ident, $settings:expr, $door:expr, $signer:expr, $region:expr, $paced_as:expr) => {{
        let mut builder = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(String::from($region)))
            .http_client(DoorClient::new($door, $paced_as))
            .credentials_provider($sdk::config::SharedCredentialsProvider::new(Signed(Arc::clone($signer))))
            .identity_cache($sdk::config::IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
            .sleep_impl(TokioSleep::new())
            .time_source(DoorClock(Arc::clone($door)));
        if let Some(endpoint) = &$settings.endpoint {
            builder = builder.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        $sdk::Client::from_conf(builder.build())
    }};
}

/// STS in the configured region, with what asks it.
pub(crate) fn sts_client(
    settings: &Settings,
    door: &Arc<Door>,
    signer: &Arc<Signer>,
    paced_as: &str,
) -> (Asker, aws_sdk_sts::Client) {
    let client = client!(aws_sdk_sts, settings, door, signer, &settings.region, paced_as);
    (Asker::new(door, paced_as, signer), client)
}

/// Everything one account is asked with.
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) settings: Arc<Settings>,
    pub(crate) door: Arc<Door>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) iam_asker: Asker,
}

impl Account {
    pub(crate) fn new(id: AccountId, settings: &Arc<Settings>, door: &Arc<Door>, signer: &Arc<Signer>) -> Self {
        let paced_as = format!("iam.{id}");
        Self {
            iam: client!(aws_sdk_iam, settings, door, signer, settings.partition.home_region(), &paced_as),
            iam_asker: Asker::new(door, paced_as, signer),
            id,
            settings: Arc::clone(settings),
            door: Arc::clone(door),
            signer: Arc::clone(signer),
        }
    }

    /// Limits of AWS hold for each account and service, so each pair has a pace of its own.
    pub(crate) fn paced_as(&self, service: &str) -> String {
        format!("{service}.{}", self.id)
    }

    fn asker(&self, service: &str) -> Asker {
        Asker::new(&self.door, self.paced_as(service), &self.signer)
    }

    pub(crate) fn sts(&self) -> (Asker, aws_sdk_sts::Client) {
        sts_client(&self.settings, &self.door, &self.signer, &self.paced_as("sts"))
    }

    pub(crate) fn organizations(&self) -> (Asker, aws_sdk_organizations::Client) {
        let (home, paced_as) = (self.settings.partition.home_region(), self.paced_as("organizations"));
        let client = client!(aws_sdk_organizations, self.settings, &self.door, &self.signer, home, &paced_as);
        (self.asker("organizations"), client)
    }

    /// Identity Center counts its requests together, whichever of its two interfaces they go to.
    pub(crate) fn sso(&self, region: &str) -> (Asker, aws_sdk_ssoadmin::Client) {
        let paced_as = self.paced_as("sso");
        (self.asker("sso"), client!(aws_sdk_ssoadmin, self.settings, &self.door, &self.signer, region, &paced_as))
    }

    /// See [`Account::sso`].
    pub(crate) fn identity_store(&self, region: &str) -> (Asker, aws_sdk_identitystore::Client) {
        let paced_as = self.paced_as("sso");
        (self.asker("sso"), client!(aws_sdk_identitystore, self.settings, &self.door, &self.signer, region, &paced_as))
    }

    pub(crate) fn cloudtrail(&self, region: &str) -> (Asker, aws_sdk_cloudtrail::Client) {
        let service = format!("cloudtrail.{region}");
        let paced_as = self.paced_as(&service);
        let client = client!(aws_sdk_cloudtrail, self.settings, &self.door, &self.signer, region, &paced_as);
        (self.asker(&service), client)
    }
}
