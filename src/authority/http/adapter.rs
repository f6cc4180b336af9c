//! One POST per dispatch.

use crate::authority::{Adapter, Delivery, Dispatch, Reply};
use crate::fault::{Fault, Retry};
use crate::http::{self, Client};

use super::Config;

/// Posts messages to one authority.
pub struct Http {
    config: Config,
    client: Client,
}

impl Http {
    /// An adapter as `config` says.
    ///
    /// # Errors
    /// What [`Client::new`] refuses.
    pub fn new(config: Config) -> Result<Http, Fault> {
        let client = Client::new(&config.client)?;
        Ok(Http { config, client })
    }

    async fn post(&self, dispatch: &Dispatch) -> Result<Reply, Fault> {
        let url = self
            .config
            .url
            .replace("{kind}", &dispatch.kind)
            .replace("{type}", &dispatch.message_type);
        let id = dispatch.id.to_string();
        let bearer = format!("Bearer {}", self.config.token);
        let content_type = http::xml_type(dispatch.charset.as_deref());
        let mut headers = vec![
            ("content-type", content_type.as_str()),
            ("tongguan-dispatch", id.as_str()),
        ];
        if !self.config.token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        if !self.config.callback.is_empty() {
            headers.push(("tongguan-callback", &self.config.callback));
        }
        let response = self
            .client
            .send("POST", &url, &headers, dispatch.message.clone())
            .await?;
        match retry_of(response.status) {
            None => Ok(Reply {
                charset: http::charset(response.header("content-type")),
                body: response.body,
            }),
            Some(retry) => {
                let text: String = String::from_utf8_lossy(&response.body)
                    .chars()
                    .take(200)
                    .collect();
                Err(Fault::authority(
                    retry,
                    format!("POST {url}: answered {}: {text}", response.status),
                ))
            }
        }
    }
}

impl Adapter for Http {
    fn deliver<'a>(&'a self, dispatch: &'a Dispatch) -> Delivery<'a> {
        Box::pin(self.post(dispatch))
    }
}

/// Whether a status code is worth another attempt; `None`: it is a success.
fn retry_of(status: u16) -> Option<Retry> {
    match status {
        200..=299 => None,
        // Time-outs, conflicts with an attempt still running, too early, too many.
        408 | 409 | 421 | 423 | 425 | 429 => Some(Retry::Later),
        // A credential or an address that an operator can mend while the message waits.
        401 | 403 | 404 | 407 => Some(Retry::Later),
        // The message itself is refused, so sending it again brings the same answer.
        400..=499 => Some(Retry::Never),
        _ => Some(Retry::Later),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_code_says_whether_to_try_again() {
        let table = [
            (200, None),
            (202, None),
            (302, Some(Retry::Later)),
            (400, Some(Retry::Never)),
            (401, Some(Retry::Later)),
            (422, Some(Retry::Never)),
            (429, Some(Retry::Later)),
            (500, Some(Retry::Later)),
            (503, Some(Retry::Later)),
        ];
        for (status, expected) in table {
            assert_eq!(retry_of(status), expected, "{status}");
        }
    }
}
