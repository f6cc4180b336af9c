//! What is worth counting or logging: one small function each, so that the code says what
//! happened and not how it is told. Metrics are named `tongguan_<room>_<what>`; no trader is
//! ever a label.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::fault::Fault;

/// How the gateway tells what happens.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `error`, `warn`, `info`, `debug`, or a filter such as `info,tongguan::pipeline=debug`.
    pub level: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            level: "info".to_owned(),
        }
    }
}

static PROMETHEUS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to count and to log: JSON lines on standard error. Once a process; later calls
/// change nothing.
///
/// # Errors
/// A fault of the operator when the level is none.
pub fn install(settings: &Settings) -> Result<(), Fault> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| {
        Fault::operator(format!("telemetry.level: {}: {error}", settings.level))
    })?;
    PROMETHEUS.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter)
            .with_writer(std::io::stderr);
        // Somebody else has installed one: a test, most likely.
        _ = subscriber.try_init();
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        _ = metrics::set_global_recorder(recorder);
        handle
    });
    Ok(())
}

/// The metrics in the text form of Prometheus; empty before [`install`].
pub fn render() -> String {
    PROMETHEUS
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

// --- simulator ---

/// A connection to the simulator broke.
pub fn simulator_connection_failed(error: &dyn std::error::Error) {
    tracing::debug!(%error, "simulator: connection failed");
}

/// The simulator gave up a callback.
pub fn simulator_callback_failed(reference: &str, code: &str, fault: &dyn std::error::Error) {
    tracing::warn!(
        reference,
        code,
        error = %fault,
        "simulator: callback given up"
    );
}

// --- journal ---

/// A torn group was cut off at start.
pub fn journal_cut(path: &std::path::Path, offset: u64, bytes: u64) {
    metrics::counter!("tongguan_journal_cut_bytes").increment(bytes);
    tracing::warn!(path = %path.display(), offset, bytes, "journal: a torn group at the end was cut and kept aside");
}

/// The stored hashes did not lead to the signed root and are made anew.
pub fn journal_hashes_rebuilt(entries: u64) {
    tracing::warn!(entries, "journal: stored hashes are made again");
}

/// The disk is full: nothing is recorded until space returns.
pub fn journal_full(folder: &std::path::Path) {
    metrics::counter!("tongguan_journal_full_total").increment(1);
    tracing::error!(folder = %folder.display(), "journal: the disk is full; nothing is recorded until space returns");
}

/// Something in the journal is not what was written.
pub fn journal_damaged(damage: &str) {
    metrics::counter!("tongguan_journal_damages_total").increment(1);
    tracing::error!("{damage}");
}

/// All of the journal was looked at.
pub fn journal_looked_at(entries: u64, damages: usize) {
    metrics::gauge!("tongguan_journal_looked_at_entries").set(entries as f64);
    tracing::info!(entries, damages, "journal: all of it was looked at");
}

/// Space has returned.
pub fn journal_room_again(folder: &std::path::Path) {
    tracing::warn!(folder = %folder.display(), "journal: there is space again; recording goes on");
}

// --- view ---

/// A view, or a part of one, was put aside; what follows is made from the journal.
pub fn view_set_aside(path: &std::path::Path, why: &str) {
    metrics::counter!("tongguan_view_set_aside_total").increment(1);
    tracing::warn!(path = %path.display(), why, "view: put aside");
}

/// A view that was not finished is begun again from the journal.
pub fn view_begun_again(path: &std::path::Path) {
    tracing::warn!(path = %path.display(), "view: not finished, begun again");
}

/// How far the view has come while it is opened.
pub fn view_progress(progress: &dyn std::fmt::Display) {
    tracing::info!("{progress}");
}

// --- pipeline ---

/// A check panicked: a bug of ours, one message long.
pub fn validate_panicked() {
    metrics::counter!("tongguan_validate_panics_total").increment(1);
    tracing::error!("validate: a check panicked");
}

/// A message was refused.
pub fn validate_refused(findings: &[crate::finding::Finding]) {
    metrics::counter!("tongguan_validate_refused_total").increment(1);
    metrics::counter!("tongguan_validate_findings_total").increment(findings.len() as u64);
}

/// A queue was full.
pub fn pipeline_busy() {
    metrics::counter!("tongguan_pipeline_busy_total").increment(1);
}

/// A group is on disk.
pub fn record_committed(entries: usize) {
    metrics::counter!("tongguan_record_entries_total").increment(entries as u64);
    metrics::counter!("tongguan_record_groups_total").increment(1);
}

/// The journal does not take any more.
pub fn record_failed(fault: &crate::fault::Fault) {
    metrics::counter!("tongguan_record_failures_total").increment(1);
    tracing::error!(%fault, "record: nothing more is recorded");
}

/// The view has come this far.
pub fn project_applied(entries: u64, counts: &[(crate::declaration::Status, u64)]) {
    metrics::gauge!("tongguan_project_applied_entries").set(entries as f64);
    for (status, count) in counts {
        metrics::gauge!("tongguan_declarations", "status" => status.as_str()).set(*count as f64);
    }
}

/// The view failed.
pub fn project_failed(fault: &crate::fault::Fault) {
    metrics::counter!("tongguan_project_failures_total").increment(1);
    tracing::error!(%fault, "project: the view does not follow any more; restart to make it again");
}

/// An authority has a dispatch.
pub fn deliver_dispatched(authority: &str) {
    metrics::counter!("tongguan_deliver_dispatched_total", "authority" => authority.to_owned())
        .increment(1);
}

/// An attempt failed.
pub fn deliver_failed(authority: &str, fault: &crate::fault::Fault) {
    metrics::counter!("tongguan_deliver_failures_total", "authority" => authority.to_owned())
        .increment(1);
    tracing::warn!(authority, %fault, "deliver: an attempt failed");
}

/// Attempts were still under way when stopping had waited long enough.
pub fn deliver_cut_off() {
    tracing::warn!("deliver: attempts under way were cut off; they are repeated after the start");
}

/// An answer is on its way into the journal.
pub fn answer_recorded(authority: &str, message_type: &str, code: &str) {
    metrics::counter!("tongguan_answer_recorded_total", "authority" => authority.to_owned())
        .increment(1);
    tracing::debug!(authority, message_type, code, "answer: recorded");
}

/// A reply was not an answer of a known form.
pub fn answer_unreadable(authority: &str, findings: &[crate::finding::Finding]) {
    metrics::counter!("tongguan_answer_unreadable_total", "authority" => authority.to_owned())
        .increment(1);
    let first = findings.first().map(|finding| finding.code.to_string());
    tracing::warn!(authority, first, "answer: not of a known form");
}

/// No declaration fits an answer.
pub fn answer_unknown(authority: &str, message_type: &str, reference: Option<&str>) {
    metrics::counter!("tongguan_answer_unknown_total", "authority" => authority.to_owned())
        .increment(1);
    tracing::warn!(
        authority,
        message_type,
        reference,
        "answer: no declaration fits it"
    );
}

/// Messages waiting in front of two stages.
pub fn pipeline_depths(inbox: usize, intake: usize) {
    metrics::gauge!("tongguan_pipeline_inbox_depth").set(inbox as f64);
    metrics::gauge!("tongguan_pipeline_intake_depth").set(intake as f64);
}

// --- ingest ---

/// A request was answered.
pub fn ingest_answered(id: &str, method: &str, path: &str, status: u16) {
    metrics::counter!("tongguan_ingest_responses_total", "status" => status.to_string())
        .increment(1);
    tracing::info!(request = id, method, path, status, "ingest: answered");
}

/// A submission came to its end.
pub fn ingest_submitted(outcome: &impl std::fmt::Debug) {
    tracing::debug!(?outcome, "ingest: submitted");
}

/// A request without a key in force.
pub fn ingest_unauthorized() {
    metrics::counter!("tongguan_ingest_unauthorized_total").increment(1);
}

/// A request failed for a reason of ours.
pub fn ingest_failed(fault: &Fault) {
    metrics::counter!("tongguan_ingest_failures_total").increment(1);
    tracing::error!(%fault, "ingest: a request failed");
}

/// The keys file changed and cannot be read; the keys stay as they were.
pub fn ingest_keys_unreadable(fault: &Fault) {
    tracing::error!(%fault, "ingest: the keys file cannot be read; the keys stay as they were");
}

/// A connection could not be accepted.
pub fn ingest_accept_failed(error: &std::io::Error) {
    tracing::warn!(%error, "ingest: a connection could not be accepted");
}

/// A TLS handshake failed or took too long.
pub fn ingest_handshake_failed() {
    metrics::counter!("tongguan_ingest_handshakes_failed_total").increment(1);
}

/// A connection broke.
pub fn ingest_connection_failed(error: &dyn std::error::Error) {
    metrics::counter!("tongguan_ingest_connections_failed_total").increment(1);
    tracing::debug!(%error, "ingest: a connection broke");
}

/// Requests were still under way when stopping had waited long enough.
pub fn ingest_cut_off() {
    tracing::warn!("ingest: requests under way were cut off");
}

/// The gateway made its own certificate.
pub fn ingest_own_certificate(ca: &std::path::Path) {
    tracing::warn!(ca = %ca.display(), "ingest: no certificate is configured; using a self-made one");
}
