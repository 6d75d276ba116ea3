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
    ($sdk:ident, $settings:expr, $door:expr, $signer:expr, $region:expr) => {{
        let mut builder = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(String::from($region)))
            .http_client(DoorClient::new($door))
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

/// STS in the configured region.
pub(crate) fn sts_client(settings: &Settings, door: &Arc<Door>, signer: &Arc<Signer>) -> aws_sdk_sts::Client {
    client!(aws_sdk_sts, settings, door, signer, &settings.region)
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
        Self {
            iam: client!(aws_sdk_iam, settings, door, signer, settings.partition.home_region()),
            iam_asker: Asker::new(door, format!("iam.{id}"), signer),
            id,
            settings: Arc::clone(settings),
            door: Arc::clone(door),
            signer: Arc::clone(signer),
        }
    }

    /// What asks `service` of this account; `service` may carry its region.
    pub(crate) fn asker(&self, service: &str) -> Asker {
        Asker::new(&self.door, format!("{service}.{}", self.id), &self.signer)
    }

    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        sts_client(&self.settings, &self.door, &self.signer)
    }

    pub(crate) fn organizations(&self) -> aws_sdk_organizations::Client {
        client!(aws_sdk_organizations, self.settings, &self.door, &self.signer, self.settings.partition.home_region())
    }

    pub(crate) fn sso(&self, region: &str) -> aws_sdk_ssoadmin::Client {
        client!(aws_sdk_ssoadmin, self.settings, &self.door, &self.signer, region)
    }

    pub(crate) fn identity_store(&self, region: &str) -> aws_sdk_identitystore::Client {
        client!(aws_sdk_identitystore, self.settings, &self.door, &self.signer, region)
    }

    pub(crate) fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        client!(aws_sdk_cloudtrail, self.settings, &self.door, &self.signer, region)
    }
}
