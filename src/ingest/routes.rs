//! What each path does: who calls, what is asked, and what the pipeline says to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use hyper::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::clock;
use crate::declaration::{Id, Status, Submission};
use crate::finding::Language;
use crate::http;
use crate::pipeline::Handle;
use crate::telemetry;
use crate::view::{Filter, Row};

use super::Settings;
use super::body::{Coding, Refused, expand, gather};
use super::cursor::Cursors;
use super::keys::{Keys, Role};
use super::log::{self, Door};
use super::query::{percent_decoded, without_cursor};
use super::reply::{self, Problem, Reply};

/// Rows of a page, unless the request says otherwise, and at most.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;

/// Characters of an idempotency key.
const KEY_CHARS_MAX: usize = 255;

/// Everything that a request may need.
pub struct Desk {
    pub settings: Settings,
    pub keys: Keys,
    pub cursors: Cursors,
    pub pipeline: Handle,
    /// The list of families, ready to be sent.
    pub families: Bytes,
    /// Requests that may be under way.
    pub requests: Semaphore,
    /// How many of each trader are.
    pub by_trader: Mutex<HashMap<String, usize>>,
}

/// Who calls, and in which language to answer.
struct Caller {
    name: String,
    role: Role,
    language: Language,
}

/// Answers one request.
pub async fn answer(desk: &Arc<Desk>, mut request: Request<Incoming>) -> Reply {
    let language = language(request.headers());
    let head = *request.method() == Method::HEAD;
    let method = if head {
        Method::GET
    } else {
        request.method().clone()
    };
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let allow = match segments[..] {
        ["v1", "declarations"] => "GET, HEAD, POST, OPTIONS",
        ["v1", "validations" | "answers"] => "POST, OPTIONS",
        ["v1", "families"] | ["v1", "declarations", _] => "GET, HEAD, OPTIONS",
        ["v1", "declarations", _, "events" | "message" | "receipt"] => "GET, HEAD, OPTIONS",
        ["v1", "declarations", _, "events", _, "message" | "receipt"] => "GET, HEAD, OPTIONS",
        ["v1", "log", _, ..] => "GET, HEAD, OPTIONS",
        _ => return reply::problem(Problem::NotFound, language),
    };
    if method == Method::OPTIONS {
        return reply::options(allow);
    }
    if !allow.split(", ").any(|known| known == method.as_str()) {
        return reply::method(allow, language);
    }
    if segments[1] == "log" {
        let query = request.uri().query().unwrap_or("");
        return watch(desk, &path, query, language).await;
    }
    if !accepts_json(request.headers(), segments.last() == Some(&"message")) {
        return reply::problem(Problem::NotAcceptable, language);
    }
    let Some(caller) = caller(desk, request.headers(), language) else {
        telemetry::ingest_unauthorized();
        return reply::problem(Problem::Unauthorized, language);
    };
    let role = if segments[1] == "answers" {
        Role::Authority
    } else {
        Role::Trader
    };
    if caller.role != role {
        return reply::problem(Problem::Forbidden, language);
    }
    let Ok(_permit) = desk.requests.try_acquire() else {
        return reply::problem(Problem::Busy, language);
    };
    let Some(_turn) = Turn::take(desk, &caller.name) else {
        return reply::problem(Problem::TooMany, language);
    };
    match (&method, &segments[1..]) {
        (&Method::POST, ["declarations"]) => submit(desk, &caller, &mut request).await,
        (&Method::POST, ["validations"]) => validate(desk, &caller, &mut request).await,
        (&Method::POST, ["answers"]) => take_answer(desk, &caller, &mut request).await,
        (_, ["families"]) => reply::bytes_ok("application/json", desk.families.clone()),
        (_, ["declarations"]) => list(desk, &caller, request.uri().query().unwrap_or("")).await,
        (_, ["declarations", id, part @ ..]) => {
            read(desk, &caller, id, part, request.headers()).await
        }
        _ => reply::problem(Problem::NotFound, language),
    }
}

/// What everybody may see of the log. Those without a key are one trader together, one without
/// a name.
async fn watch(desk: &Arc<Desk>, path: &str, query: &str, language: Language) -> Reply {
    let Ok(_permit) = desk.requests.try_acquire() else {
        return reply::problem(Problem::Busy, language);
    };
    let Some(_turn) = Turn::take(desk, "") else {
        return reply::problem(Problem::TooMany, language);
    };
    let path = path.strip_prefix("/v1/log/").unwrap_or_default();
    match log::piece(&desk.pipeline, Door::Traders, path, query).await {
        Ok(piece) => reply::log(piece, language),
        Err(fault) => failed(&fault, language),
    }
}

/// A trader's place among the requests under way.
struct Turn<'d> {
    desk: &'d Desk,
    name: String,
}

impl<'d> Turn<'d> {
    fn take(desk: &'d Desk, name: &str) -> Option<Turn<'d>> {
        let mut traders = desk
            .by_trader
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = traders.entry(name.to_owned()).or_insert(0);
        if *count >= desk.settings.requests_per_trader_max {
            return None;
        }
        *count += 1;
        Some(Turn {
            desk,
            name: name.to_owned(),
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut traders = self
            .desk
            .by_trader
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = traders.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                traders.remove(&self.name);
            }
        }
    }
}

async fn submit(desk: &Desk, caller: &Caller, request: &mut Request<Incoming>) -> Reply {
    let key = match idempotency_key(request.headers()) {
        Ok(key) => key,
        Err(()) => return reply::problem(Problem::IdempotencyKey, caller.language),
    };
    let (bytes, charset) = match message(desk, caller, request).await {
        Ok(message) => message,
        Err(reply) => return *reply,
    };
    let submission = Submission {
        trader: caller.name.clone(),
        key,
        bytes,
        charset,
        received_at: clock::now(),
    };
    let outcome = desk.pipeline.submit(submission).await;
    telemetry::ingest_submitted(&outcome);
    reply::outcome(outcome, caller.language)
}

async fn validate(desk: &Desk, caller: &Caller, request: &mut Request<Incoming>) -> Reply {
    let (bytes, charset) = match message(desk, caller, request).await {
        Ok(message) => message,
        Err(reply) => return *reply,
    };
    match desk.pipeline.validate(bytes, charset).await {
        Err(outcome) => reply::outcome(outcome, caller.language),
        Ok(checked) if checked.findings.refuse() => {
            reply::with_findings(Problem::Findings, &checked.findings, caller.language)
        }
        Ok(checked) => reply::json_ok(&json!({
            "valid": true,
            "kind": checked.message.as_ref().map(|message| &*message.kind),
            "message_type": checked.message.as_ref().map(|message| &*message.message_type),
            "findings": reply::findings_json(&checked.findings, caller.language),
        })),
    }
}

async fn take_answer(desk: &Desk, caller: &Caller, request: &mut Request<Incoming>) -> Reply {
    let dispatch =
        text(request.headers(), "tongguan-dispatch").and_then(|id| id.parse::<Id>().ok());
    let (bytes, charset) = match message(desk, caller, request).await {
        Ok(message) => message,
        Err(reply) => return *reply,
    };
    reply::answering(
        desk.pipeline
            .answer(&caller.name, dispatch, bytes, charset)
            .await,
        caller.language,
    )
}

async fn read(desk: &Desk, caller: &Caller, id: &str, part: &[&str], headers: &HeaderMap) -> Reply {
    // A foreign declaration, one that is not there and something that is no number at all are
    // one answer.
    let Ok(id) = id.parse::<Id>() else {
        return reply::problem(Problem::NotFound, caller.language);
    };
    let row = match desk.pipeline.find(&caller.name, id).await {
        Ok(Some(row)) => row,
        Ok(None) => return reply::problem(Problem::NotFound, caller.language),
        Err(fault) => return failed(&fault, caller.language),
    };
    let tag = format!("\"{}\"", row.version);
    if part.is_empty() && matches_tag(headers, &tag) {
        let mut reply = reply::not_modified();
        reply::set(&mut reply, ETAG, &tag);
        return reply;
    }
    let missing = || reply::problem(Problem::NotFound, caller.language);
    let json = |bytes| reply::bytes_ok("application/json", bytes);
    let read = match part {
        [] => {
            let mut reply = reply::json_ok(&state(&row));
            reply::set(&mut reply, ETAG, &tag);
            return reply;
        }
        ["events"] => return reply::json_ok(&events(&row)),
        ["message"] => desk
            .pipeline
            .message(&row)
            .await
            .map(|(bytes, charset)| reply::message_ok(id, bytes, charset.as_deref())),
        ["receipt"] => desk.pipeline.receipt(&row).await.map(json),
        [_, entry, what] => match (entry.parse::<u64>(), *what) {
            (Err(_), _) => return missing(),
            (Ok(entry), "receipt") => {
                let read = desk.pipeline.event_receipt(&row, entry).await;
                read.map(|bytes| bytes.map_or_else(missing, json))
            }
            (Ok(entry), _) => {
                let read = desk.pipeline.event_message(&row, entry).await;
                let message = |bytes| reply::message_ok(id, bytes, None);
                read.map(|bytes| bytes.map_or_else(missing, message))
            }
        },
        _ => return missing(),
    };
    read.unwrap_or_else(|fault| failed(&fault, caller.language))
}

async fn list(desk: &Desk, caller: &Caller, query: &str) -> Reply {
    let wrong = |name: &str| {
        reply::problem_with(
            Problem::Parameter,
            caller.language,
            json!({ "detail": name }),
        )
    };
    let mut filter = Filter {
        limit: LIMIT,
        ..Filter::default()
    };
    let mut after = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(value) = percent_decoded(value) else {
            return wrong(name);
        };
        match name {
            "kind" => filter.kind = Some(value),
            "reference" => filter.reference = Some(value),
            "after" => after = Some(value),
            "status" => match Status::parse(&value) {
                Some(status) => filter.status = Some(status),
                None => return wrong("status"),
            },
            "limit" => match value.parse() {
                Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => filter.limit = limit,
                _ => return wrong("limit"),
            },
            other => return wrong(other),
        }
    }
    let words =
        [&filter.kind, &filter.reference].map(|word| word.as_deref().unwrap_or("").to_owned());
    let status = filter.status.map_or("", Status::as_str);
    let list = json!([caller.name, words, status]).to_string();
    if let Some(after) = after {
        match desk.cursors.read(&list, &after) {
            Some(before) => filter.before = Some(before),
            None => return reply::problem(Problem::Cursor, caller.language),
        }
    }
    let base = without_cursor(query);
    match desk.pipeline.list(&caller.name, filter).await {
        Err(fault) => failed(&fault, caller.language),
        Ok(page) => {
            let next = page.next.map(|before| {
                let joint = if base.is_empty() { "" } else { "&" };
                format!(
                    "/v1/declarations?{base}{joint}after={}",
                    desk.cursors.make(&list, before)
                )
            });
            let rows: Vec<Value> = page.rows.iter().map(state).collect();
            let mut reply = reply::json_ok(&json!({ "declarations": rows, "next": next }));
            if let Some(next) = next {
                reply::set(
                    &mut reply,
                    hyper::header::LINK,
                    &format!("<{next}>; rel=\"next\""),
                );
            }
            reply
        }
    }
}

fn failed(fault: &crate::fault::Fault, language: Language) -> Reply {
    telemetry::ingest_failed(fault);
    reply::fault(fault, language)
}

/// A declaration as traders see it.
fn state(row: &Row) -> Value {
    let link = |part: &str| format!("/v1/declarations/{}{part}", row.id);
    let fields: serde_json::Map<String, Value> = row
        .fields
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    json!({
        "id": row.id,
        "kind": row.kind,
        "message_type": row.message_type,
        "reference": row.reference,
        "idempotency_key": row.key,
        "status": row.status.as_str(),
        "authority": {
            "name": row.authority, "code": row.authority_code, "text": row.authority_text,
            "reference": row.authority_reference,
        },
        "fields": fields,
        "sha256": row.digest.to_string(),
        "recorded_at": row.recorded_at.to_string(),
        "updated_at": row.updated_at.to_string(),
        "links": { "self": link(""), "events": link("/events"), "message": link("/message"), "receipt": link("/receipt") },
    })
}

fn events(row: &Row) -> Value {
    let events = row.events.iter().map(|event| {
        json!({
            "at": event.at.to_string(), "event": event.event, "status": event.status.as_str(), "code": event.code,
            "text": event.text, "entry": event.index,
            "receipt": format!("/v1/declarations/{}/events/{}/receipt", row.id, event.index),
        })
    });
    json!({ "id": row.id, "events": events.collect::<Vec<_>>() })
}

/// The body of a request: its type, its bytes decompressed, and its charset.
async fn message(
    desk: &Desk,
    caller: &Caller,
    request: &mut Request<Incoming>,
) -> Result<(Bytes, Option<String>), Box<Reply>> {
    let language = caller.language;
    let content_type = text(request.headers(), CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    if !matches!(essence.as_str(), "application/xml" | "text/xml") {
        return Err(Box::new(reply::problem(Problem::MediaType, language)));
    }
    let charset = http::charset(Some(&content_type));
    let refuse = |refused: Refused| Box::new(reply::refused(refused, language));
    let coding = Coding::parse(text(request.headers(), CONTENT_ENCODING.as_str()).as_deref())
        .map_err(refuse)?;
    let bytes = gather(request.body_mut(), &desk.settings)
        .await
        .map_err(refuse)?;
    let bytes_max = desk.settings.body_bytes_max;
    let bytes = match coding {
        Coding::Identity => bytes,
        // Up to ten megabytes of work: not on a thread that serves others.
        coding => match tokio::task::spawn_blocking(move || expand(coding, bytes, bytes_max)).await
        {
            Ok(expanded) => expanded.map_err(refuse)?,
            Err(_) => return Err(Box::new(reply::problem(Problem::Unavailable, language))),
        },
    };
    Ok((bytes, charset))
}

fn caller(desk: &Desk, headers: &HeaderMap, language: Language) -> Option<Caller> {
    let header = text(headers, AUTHORIZATION.as_str())?;
    let (scheme, key) = header.split_once(' ')?;
    let (name, role) = scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| desk.keys.caller(key.trim()))??;
    Some(Caller {
        name,
        role,
        language,
    })
}

/// The key of the header: a bare token, or a quoted string as the draft writes it.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ()> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(());
    }
    let text = value.to_str().map_err(|_| ())?.trim();
    let key = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let fine = (1..=KEY_CHARS_MAX).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if fine {
        Ok(Some(key.to_owned()))
    } else {
        Err(())
    }
}

/// Chinese or English, whichever is wanted more; Chinese when neither is named.
fn language(headers: &HeaderMap) -> Language {
    let header = text(headers, ACCEPT_LANGUAGE.as_str()).unwrap_or_default();
    let weight = |tag: &str| {
        let ranges = header.split(',').map(str::trim);
        let found = ranges.filter(|range| {
            range
                .get(..2)
                .is_some_and(|start| start.eq_ignore_ascii_case(tag))
        });
        found.map(quality).fold(0.0, f32::max)
    };
    if weight("en") > weight("zh") {
        Language::En
    } else {
        Language::Zh
    }
}

fn quality(range: &str) -> f32 {
    let parameter = range
        .split(';')
        .skip(1)
        .find_map(|parameter| parameter.trim().strip_prefix("q="));
    parameter.map_or(1.0, |q| q.parse().unwrap_or(0.0))
}

fn accepts_json(headers: &HeaderMap, message: bool) -> bool {
    let Some(header) = text(headers, ACCEPT.as_str()) else {
        return true;
    };
    header
        .split(',')
        .filter(|range| quality(range) > 0.0)
        .any(|range| {
            let essence = range
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            let json = matches!(
                essence.as_str(),
                "*/*" | "application/*" | "application/json" | "application/problem+json"
            );
            json || (message
                && matches!(essence.as_str(), "application/xml" | "text/xml" | "text/*"))
        })
}

fn matches_tag(headers: &HeaderMap, tag: &str) -> bool {
    let header = text(headers, IF_NONE_MATCH.as_str()).unwrap_or_default();
    header
        .split(',')
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == "*" || known == tag)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header"));
        headers
    }

    #[test]
    fn what_headers_ask_for() {
        let languages = [
            ("en", Language::En),
            ("zh-CN,en;q=0.8", Language::Zh),
            ("en;q=0.9,zh;q=0.2", Language::En),
            ("fr", Language::Zh),
        ];
        for (header, expected) in languages {
            assert_eq!(
                language(&headers("accept-language", header)),
                expected,
                "{header}"
            );
        }
        let accepted = [
            ("*/*", true),
            ("application/json", true),
            ("text/html", false),
            ("application/json;q=0", false),
            ("text/html, application/*", true),
        ];
        for (header, expected) in accepted {
            assert_eq!(
                accepts_json(&headers("accept", header), false),
                expected,
                "{header}"
            );
        }
        let keys: [(&str, Result<Option<&str>, &()>); 5] = [
            ("abc", Ok(Some("abc"))),
            ("\"abc\"", Ok(Some("abc"))),
            ("a b", Err(&())),
            ("\"\"", Err(&())),
            (&"x".repeat(256), Err(&())),
        ];
        for (header, expected) in keys {
            let found = idempotency_key(&headers("idempotency-key", header));
            assert_eq!(found.as_ref().map(Option::as_deref), expected, "{header}");
        }
    }
}
