//! The web page of the service, over one configuration.

use std::sync::Arc;

use super::failure::Failure;
use super::report::kept;
use super::session::Session;
use crate::config::Config;
use crate::hostile;
use crate::serve::page_port::{PageAnswer, PageContent, PageRequest, PageStatus, Pages};

/// The page of this configuration.
pub(super) fn of(session: &Session<'_>, config: &Config) -> Result<Arc<dyn Pages>, Failure> {
    todo_pages(session, config)
}
