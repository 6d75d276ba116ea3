//! Gets credentials, keeps them while they hold, and gets others when they do not.
//!
//! Environment and profile files are read by the vendor's library and nothing else of ours; its own requests (metadata
//! service, web identity from the environment) leave through the door like all others.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, imds};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_types::retry::RetryConfig;
use scan_contract::Cause;
use scan_transport::{Door, SecretRef, Secrets};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use crate::live::ask::Asker;
use crate::live::clients::sts_client;
use crate::live::connector::{Carried, DoorClient, DoorClock};
use crate::live::failure::carried_in;
use crate::live::settings::{Assume, Settings, SignIn};

/// A credential is renewed this long before its end (TIM-5).
const MARGIN: Duration = Duration::from_mins(1);

/// Where a credential comes from.
enum Source {
    /// A recording answers, so nothing has to be proven.
    Nowhere,
    /// The vendor's library.
    Library(SharedCredentialsProvider),
    /// A configured key.
    Key { id: String, secret: SecretRef, token: Option<SecretRef>, secrets: Arc<dyn Secrets> },
    /// A token exchanged for a role.
    WebIdentity {
        sts: Box<aws_sdk_sts::Client>,
        asker: Asker,
        role: String,
        token: SecretRef,
        session: String,
        secrets: Arc<dyn Secrets>,
    },
    /// A role assumed with another credential.
    Role { sts: Box<aws_sdk_sts::Client>, asker: Asker, assume: Assume },
}

/// A credential of one account.
pub(crate) struct Signer {
    source: Source,
    kept: Mutex<Option<Credentials>>,
    clock: DoorClock,
}

// Both hold secrets.
impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Signer")
    }
}

impl Signer {
    fn new(source: Source, door: &Arc<Door>) -> Arc<Self> {
        Arc::new(Self { source, kept: Mutex::new(None), clock: DoorClock(Arc::clone(door)) })
    }

    /// The configured sign-in, with the role of `assume` on top.
    pub(crate) fn configured(
        settings: &Settings,
        door: &Arc<Door>,
        secrets: &Arc<dyn Secrets>,
    ) -> Result<Arc<Self>, Cause> {
        if door.replays() {
            return Ok(Self::new(Source::Nowhere, door));
        }
        let first = Self::new(first_source(settings, door, secrets)?, door);
        match &settings.assume {
            None => Ok(first),
            Some(assume) => Ok(Self::role(settings, door, &first, assume.clone())),
        }
    }

    /// A role that `base` assumes.
    pub(crate) fn role(settings: &Settings, door: &Arc<Door>, base: &Arc<Self>, assume: Assume) -> Arc<Self> {
        if door.replays() {
            return Self::new(Source::Nowhere, door);
        }
        let (asker, sts) = sts_client(settings, door, base, "sts");
        Self::new(Source::Role { sts: Box::new(sts), asker, assume }, door)
    }

    /// The credential that holds now.
    pub(crate) async fn credentials(&self) -> Result<Credentials, Cause> {
        // Held while another is fetched, so that a hundred requests fetch one.
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = kept.as_ref().filter(|credentials| self.holds(credentials)) {
            return Ok(credentials.clone());
        }
        let credentials = self.source.fetch().await?;
        *kept = Some(credentials.clone());
        Ok(credentials)
    }

    fn holds(&self, credentials: &Credentials) -> bool {
        use aws_smithy_async::time::TimeSource;
        credentials.expiry().is_none_or(|end| end > self.clock.now() + MARGIN)
    }

    /// The service says that the credential has run out.
    pub(crate) async fn renew(&self) {
        *self.kept.lock().await = None;
    }
}

/// A signer, as the vendor's clients want it.
#[derive(Debug, Clone)]
pub(crate) struct Signed(pub(crate) Arc<Signer>);

impl ProvideCredentials for Signed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            self.0.credentials().await.map_err(|cause| CredentialsError::provider_error(Carried(cause)))
        })
    }
}

impl Source {
    async fn fetch(&self) -> Result<Credentials, Cause> {
        match self {
            Self::Nowhere => Ok(Credentials::new("AKIAREPLAY", "replay", None, None, "replay")),
            Self::Library(provider) => provider.provide_credentials().await.map_err(|error| {
                carried_in(&error).unwrap_or_else(|| Cause::Unauthenticated { detail: words(&error).to_owned() })
            }),
            Self::Key { id, secret, token, secrets } => {
                let secret = secrets.fetch(secret)?;
                let token = token.as_ref().map(|token| secrets.fetch(token)).transpose()?;
                let token = token.map(|token| token.expose_secret().to_owned());
                Ok(Credentials::new(id, secret.expose_secret(), token, None, "configured key"))
            }
            Self::WebIdentity { sts, asker, role, token, session, secrets } => {
                let token = secrets.fetch(token)?;
                let answer = asker
                    .ask("sts:AssumeRoleWithWebIdentity", || {
                        sts.assume_role_with_web_identity()
                            .role_arn(role)
                            .role_session_name(session)
                            .web_identity_token(token.expose_secret())
                            .send()
                    })
                    .await
                    .map_err(|failure| failure.cause)?;
                taken(answer.credentials, "sts:AssumeRoleWithWebIdentity")
            }
            Self::Role { sts, asker, assume } => {
                let answer = asker
                    .ask("sts:AssumeRole", || {
                        sts.assume_role()
                            .role_arn(&assume.role)
                            .role_session_name(&assume.session_name)
                            .set_external_id(assume.external_id.clone())
                            .send()
                    })
                    .await
                    .map_err(|failure| match failure.cause {
                        Cause::Denied { .. } => {
                            Cause::Denied { permission: format!("sts:AssumeRole on {}", assume.role) }
                        }
                        other => other,
                    })?;
                taken(answer.credentials, "sts:AssumeRole")
            }
        }
    }
}

fn taken(credentials: Option<aws_sdk_sts::types::Credentials>, operation: &str) -> Result<Credentials, Cause> {
    let credentials =
        credentials.ok_or_else(|| Cause::Malformed { what: format!("{operation}: the answer has no credential") })?;
    let expiry = credentials
        .expiration()
        .to_owned()
        .try_into()
        .map_err(|_| Cause::Malformed { what: format!("{operation}: the credential's end is not a time") })?;
    Ok(Credentials::new(
        credentials.access_key_id,
        credentials.secret_access_key,
        Some(credentials.session_token),
        Some(expiry),
        "assumed role",
    ))
}

/// Words for a failure of the vendor's library, without what it quotes.
fn words(error: &CredentialsError) -> &'static str {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => "no credential was found where the configuration says",
        CredentialsError::ProviderTimedOut(_) => "the sign-in took too long",
        CredentialsError::InvalidConfiguration(_) => {
            "the vendor's own configuration (environment, profile) is not valid"
        }
        _ => "the sign-in failed",
    }
}

fn first_source(settings: &Settings, door: &Arc<Door>, secrets: &Arc<dyn Secrets>) -> Result<Source, Cause> {
    let config = provider_config(settings, door);
    let library = |provider: SharedCredentialsProvider| Source::Library(provider);
    Ok(match &settings.sign_in {
        SignIn::Environment => library(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())),
        SignIn::Profile { name } => library(SharedCredentialsProvider::new(
            ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build(),
        )),
        SignIn::Imds { endpoint } => {
            let client = metadata_client(&config, endpoint.as_ref())?;
            let provider = ImdsCredentialsProvider::builder().configure(&config).imds_client(client).build();
            library(SharedCredentialsProvider::new(provider))
        }
        SignIn::Default => {
            // The chain is made when it is first asked, since making it already looks into files.
            library(SharedCredentialsProvider::new(Chain { config, region: settings.region.clone() }))
        }
        SignIn::WebIdentity { role_arn, token, session_name } => {
            let nobody = Signer::new(Source::Nowhere, door);
            let (asker, sts) = sts_client(settings, door, &nobody, "sts");
            Source::WebIdentity {
                sts: Box::new(sts),
                asker,
                role: role_arn.clone(),
                token: token.clone(),
                session: session_name.clone(),
                secrets: Arc::clone(secrets),
            }
        }
        SignIn::Key { access_key_id, secret_access_key, session_token } => Source::Key {
            id: access_key_id.clone(),
            secret: secret_access_key.clone(),
            token: session_token.clone(),
            secrets: Arc::clone(secrets),
        },
    })
}

/// What the vendor's providers are given: our way out, our clock, and no repeats of their own.
fn provider_config(settings: &Settings, door: &Arc<Door>) -> ProviderConfig {
    ProviderConfig::without_region()
        .with_region(Some(Region::new(settings.region.clone())))
        .with_http_client(DoorClient::new(door, "sign-in"))
        .with_time_source(DoorClock(Arc::clone(door)))
        .with_sleep_impl(TokioSleep::new())
        .with_retry_config(RetryConfig::disabled())
}

fn metadata_client(config: &ProviderConfig, endpoint: Option<&url::Url>) -> Result<imds::Client, Cause> {
    let mut builder = imds::Client::builder().configure(config).max_attempts(1);
    if let Some(endpoint) = endpoint {
        builder = builder
            .endpoint(endpoint.as_str())
            .map_err(|_| Cause::Malformed { what: String::from("the address of the metadata service is not valid") })?;
    }
    Ok(builder.build())
}

/// The vendor's own order.
#[derive(Debug)]
struct Chain {
    config: ProviderConfig,
    region: String,
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let client = metadata_client(&self.config, None)
                .map_err(|cause| CredentialsError::provider_error(Carried(cause)))?;
            let chain = DefaultCredentialsChain::builder()
                .configure(self.config.clone())
                .region(Region::new(self.region.clone()))
                .imds_client(client)
                .build()
                .await;
            chain.provide_credentials().await
        })
    }
}
