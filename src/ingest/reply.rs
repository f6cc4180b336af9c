//! The one table from outcome to response; nobody else knows our status codes. What is wrong
//! is a problem document (RFC 9457) with a type of its own.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body as _;
use hyper::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, VARY,
};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::declaration::Id;
use crate::fault::{Fault, Retry};
use crate::finding::{Findings, Language};
use crate::http;
use crate::pipeline::{Answering, Outcome};

use super::body::Refused;
use super::log::Piece;

/// The type of bytes that are just bytes.
const OCTETS: &str = "application/octet-stream";

/// A response of this gateway.
pub type Reply = Response<Full<Bytes>>;

/// What can be wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    Parameter,
    Cursor,
    IdempotencyKey,
    Broken,
    Empty,
    Compression,
    Unauthorized,
    Forbidden,
    NotFound,
    Method,
    NotAcceptable,
    TooSlow,
    TooLong,
    MediaType,
    ContentEncoding,
    KeyReused,
    Findings,
    UnknownReference,
    EntryTooLong,
    TooMany,
    Busy,
    Full,
    Unavailable,
}

/// Status code, name of the type, and titles of a problem.
fn row(problem: Problem) -> (StatusCode, &'static str, &'static str, &'static str) {
    use Problem::*;
    match problem {
        Parameter => (
            StatusCode::BAD_REQUEST,
            "parameter",
            "查询参数错误",
            "A query parameter is wrong",
        ),
        Cursor => (
            StatusCode::BAD_REQUEST,
            "cursor",
            "游标不属于该列表，请从第一页重新开始",
            "The cursor is not one of this list; start again from the first page",
        ),
        IdempotencyKey => (
            StatusCode::BAD_REQUEST,
            "idempotency-key",
            "Idempotency-Key 应为 1 至 255 个可见 ASCII 字符",
            "Idempotency-Key has to be 1 to 255 visible ASCII characters",
        ),
        Broken => (
            StatusCode::BAD_REQUEST,
            "body-broken",
            "报文在传输中中断",
            "The body was cut off on its way",
        ),
        Empty => (
            StatusCode::BAD_REQUEST,
            "body-empty",
            "报文为空",
            "The body is empty",
        ),
        Compression => (
            StatusCode::BAD_REQUEST,
            "compression",
            "报文与 Content-Encoding 不符",
            "The body is not what Content-Encoding says",
        ),
        Unauthorized => (
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "需要有效的 API 密钥",
            "A valid API key is needed: Authorization: Bearer tg_…",
        ),
        Forbidden => (
            StatusCode::FORBIDDEN,
            "forbidden",
            "该密钥无权使用此地址",
            "This key is not for this address",
        ),
        NotFound => (
            StatusCode::NOT_FOUND,
            "not-found",
            "不存在",
            "There is nothing here",
        ),
        Method => (
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "此地址不支持该方法",
            "This address does not know the method",
        ),
        NotAcceptable => (
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            "只能提供 JSON",
            "Only JSON can be given; send Accept: application/json",
        ),
        TooSlow => (
            StatusCode::REQUEST_TIMEOUT,
            "body-too-slow",
            "报文传输过慢",
            "The body came too slowly",
        ),
        TooLong => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-long",
            "报文过大",
            "The body is too long; split the message",
        ),
        MediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "报文类型应为 application/xml",
            "Send the message as application/xml or text/xml",
        ),
        ContentEncoding => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-encoding",
            "压缩方式应为 gzip 或 zstd",
            "Compress with gzip or zstd, or not at all",
        ),
        KeyReused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "该幂等键已用于另一份报文",
            "This idempotency key names another message; choose a new key for a new message",
        ),
        Findings => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "findings",
            "报文有错误，未被接收",
            "The message has mistakes and was not recorded",
        ),
        UnknownReference => (
            StatusCode::NOT_FOUND,
            "unknown-reference",
            "没有与该回执相符的申报",
            "No declaration fits this answer",
        ),
        EntryTooLong => (
            StatusCode::NOT_FOUND,
            "entry-too-long",
            "该条目过长，请改用 long-entries",
            "An entry is too long for this form; read the bundle from long-entries instead",
        ),
        TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "并发请求过多",
            "Too many requests of yours at once",
        ),
        Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "系统繁忙，请稍后重试",
            "The gateway is busy; try again shortly",
        ),
        // 503 and not 507: what clients know to repeat.
        Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            "full",
            "系统存储空间已满，本次报文未被接收，请稍后重试",
            "The gateway has no room left; nothing was recorded. Try again later",
        ),
        Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "系统暂时无法接收，请稍后重试",
            "The gateway cannot do this at present; try again later",
        ),
    }
}

/// After which time to come again when it is not known better.
const RETRY_AFTER_S: u32 = 5;

/// A problem without more to say.
pub fn problem(problem: Problem, language: Language) -> Reply {
    problem_with(problem, language, json!({}))
}

/// A problem with further members.
pub fn problem_with(problem: Problem, language: Language, more: Value) -> Reply {
    let (status, name, zh, en) = row(problem);
    let title = if language == Language::Zh { zh } else { en };
    let mut body = json!({ "type": format!("urn:tongguan:problem:{name}"), "title": title, "status": status.as_u16() });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    let mut reply = respond(
        status,
        "application/problem+json",
        Bytes::from(body.to_string()),
    );
    let tag = if language == Language::Zh { "zh" } else { "en" };
    set(&mut reply, CONTENT_LANGUAGE, tag);
    if problem == Problem::Unauthorized {
        set(&mut reply, hyper::header::WWW_AUTHENTICATE, "Bearer");
    }
    if matches!(problem, Problem::TooMany | Problem::Busy) {
        set(&mut reply, hyper::header::RETRY_AFTER, "1");
    }
    if matches!(problem, Problem::Full | Problem::Unavailable) {
        set(
            &mut reply,
            hyper::header::RETRY_AFTER,
            &RETRY_AFTER_S.to_string(),
        );
    }
    if problem == Problem::ContentEncoding {
        set(&mut reply, hyper::header::ACCEPT_ENCODING, "gzip, zstd");
    }
    if problem == Problem::MediaType {
        set(
            &mut reply,
            HeaderName::from_static("accept-post"),
            "application/xml, text/xml",
        );
    }
    reply
}

/// A method that an address does not know; `allow` are those that it does.
pub fn method(allow: &'static str, language: Language) -> Reply {
    let mut reply = problem(Problem::Method, language);
    set(&mut reply, hyper::header::ALLOW, allow);
    reply
}

/// The answer to OPTIONS.
pub fn options(allow: &'static str) -> Reply {
    let mut reply = respond(StatusCode::NO_CONTENT, "text/plain", Bytes::new());
    set(&mut reply, hyper::header::ALLOW, allow);
    reply
}

/// Why a body was not taken.
pub fn refused(refused: Refused, language: Language) -> Reply {
    let which = match refused {
        Refused::TooLong => Problem::TooLong,
        Refused::TooSlow => Problem::TooSlow,
        Refused::Broken => Problem::Broken,
        Refused::Encoding => Problem::ContentEncoding,
        Refused::Compression => Problem::Compression,
        Refused::Empty => Problem::Empty,
    };
    let mut reply = problem(which, language);
    // What is left of the body is not read: the connection cannot be used again.
    if matches!(refused, Refused::TooLong | Refused::TooSlow) {
        set(&mut reply, hyper::header::CONNECTION, "close");
    }
    reply
}

/// What became of a submission.
pub fn outcome(outcome: Outcome, language: Language) -> Reply {
    match outcome {
        Outcome::Recorded {
            id,
            receipt,
            repeated,
            findings,
        } => {
            let mut reply = respond(StatusCode::ACCEPTED, "application/json", receipt);
            set(
                &mut reply,
                hyper::header::LOCATION,
                &format!("/v1/declarations/{id}"),
            );
            if repeated {
                set(
                    &mut reply,
                    HeaderName::from_static("idempotency-replayed"),
                    "true",
                );
            }
            if !findings.is_empty() {
                set(
                    &mut reply,
                    HeaderName::from_static("tongguan-warnings"),
                    &findings.list().len().to_string(),
                );
            }
            reply
        }
        Outcome::Refused(found) => with_findings(Problem::Findings, &found, language),
        Outcome::Conflict { id } => {
            problem_with(Problem::KeyReused, language, json!({ "declaration": id }))
        }
        Outcome::Busy { retry_after_s } => busy(retry_after_s, language),
        Outcome::Unavailable(why) => fault(&why, language),
    }
}

/// What became of an authority's answer.
pub fn answering(answering: Answering, language: Language) -> Reply {
    match answering {
        Answering::Recorded { id } => {
            json_reply(StatusCode::ACCEPTED, &json!({ "declaration": id }))
        }
        Answering::Refused(found) => with_findings(Problem::Findings, &found, language),
        Answering::Unknown => problem(Problem::UnknownReference, language),
        Answering::Busy { retry_after_s } => busy(retry_after_s, language),
        Answering::Unavailable(why) => fault(&why, language),
    }
}

/// A fault of ours: its reason goes to the log, not to the trader.
pub fn fault(fault: &Fault, language: Language) -> Reply {
    match fault.retry {
        Retry::Later => problem(Problem::Full, language),
        Retry::Never => problem(Problem::Unavailable, language),
    }
}

/// A message that would be refused.
pub fn with_findings(which: Problem, found: &Findings, language: Language) -> Reply {
    let more =
        json!({ "findings": findings_json(found, language), "findings_omitted": found.omitted() });
    problem_with(which, language, more)
}

/// Findings in one language.
pub fn findings_json(found: &Findings, language: Language) -> Value {
    let list = found.list().iter().map(|finding| {
        json!({
            "code": finding.code, "severity": finding.severity, "path": finding.path, "line": finding.place.line,
            "column": finding.place.column, "offset": finding.place.offset, "value": finding.value,
            "expected": finding.expected, "text": finding.text.in_language(language),
        })
    });
    Value::Array(list.collect())
}

/// A document.
pub fn json_ok(body: &Value) -> Reply {
    json_reply(StatusCode::OK, body)
}

/// Bytes of some type.
pub fn bytes_ok(content_type: &str, bytes: Bytes) -> Reply {
    respond(StatusCode::OK, content_type, bytes)
}

/// The message of a declaration, as a download that no browser takes for a page.
pub fn message_ok(id: Id, bytes: Bytes, charset: Option<&str>) -> Reply {
    let mut reply = respond(StatusCode::OK, "application/xml", bytes);
    set(
        &mut reply,
        hyper::header::CONTENT_TYPE,
        &http::xml_type(charset),
    );
    set(
        &mut reply,
        hyper::header::CONTENT_DISPOSITION,
        &format!("attachment; filename=\"{id}.xml\""),
    );
    reply
}

/// A tile never changes: whoever has it need not come again for a year.
const UNCHANGING: &str = "max-age=31536000, immutable";

/// A piece of the log.
pub fn log(piece: Piece, language: Language) -> Reply {
    let (content_type, bytes, cache) = match piece {
        Piece::Checkpoint(note) => (
            "text/plain; charset=utf-8",
            Bytes::from(note),
            // It changes with every group; a few may ask at once.
            "public, max-age=1".to_owned(),
        ),
        Piece::Hashes(bytes) => (OCTETS, bytes, format!("public, {UNCHANGING}")),
        // What traders declared is not for caches that others share.
        Piece::Entries(bytes) => (OCTETS, bytes, format!("private, {UNCHANGING}")),
        Piece::Consistency(proof) => (
            "application/json",
            Bytes::from(proof.to_string()),
            format!("public, {UNCHANGING}"),
        ),
        Piece::Absent => return not_yet(problem(Problem::NotFound, language)),
        Piece::Parameter(name) => {
            return problem_with(Problem::Parameter, language, json!({ "detail": name }));
        }
        Piece::TooLong(entry) => {
            return not_yet(problem_with(
                Problem::EntryTooLong,
                language,
                json!({ "entry": entry }),
            ));
        }
    };
    let mut reply = respond(StatusCode::OK, content_type, bytes);
    // It is the same in every language.
    reply.headers_mut().remove(VARY);
    set(&mut reply, CACHE_CONTROL, &cache);
    reply
}

/// What is not there today may be there tomorrow.
fn not_yet(mut reply: Reply) -> Reply {
    set(&mut reply, CACHE_CONTROL, "no-store");
    reply
}

/// Nothing has changed.
pub fn not_modified() -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::NOT_MODIFIED;
    reply
}

/// The reply to HEAD: what GET would get, without its body. HTTP/2 takes a body as an error.
pub fn head(reply: Reply) -> Reply {
    let length = reply.body().size_hint().exact().unwrap_or(0);
    let mut reply = reply.map(|_| Full::default());
    if reply.status() != StatusCode::NOT_MODIFIED {
        set(&mut reply, CONTENT_LENGTH, &length.to_string());
    }
    reply
}

/// Sets a header; a value that cannot be one is left out.
pub fn set(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

fn busy(retry_after_s: u32, language: Language) -> Reply {
    let mut reply = problem(Problem::Busy, language);
    set(
        &mut reply,
        hyper::header::RETRY_AFTER,
        &retry_after_s.to_string(),
    );
    reply
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    respond(status, "application/json", Bytes::from(body.to_string()))
}

fn respond(status: StatusCode, content_type: &str, bytes: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(bytes));
    *reply.status_mut() = status;
    set(&mut reply, CONTENT_TYPE, content_type);
    set(&mut reply, VARY, "Accept-Language");
    set(&mut reply, hyper::header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    reply
}
