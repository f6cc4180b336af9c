//! The envelopes of a declaration of goods: the older one of the single window, which holds it as
//! it is, and that of the exchange platform, which holds it in base64.

use super::moment::Moment;
use super::random::Random;
use super::tree::Tree;

/// Characters of base64 (RFC 4648), written once more for the reason that [`super`] gives.
const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Where the paths of findings inside begin.
pub(super) fn place(message_type: &str) -> &'static str {
    match message_type {
        "ImportMessage" => "/ImportMessage/SWImpData",
        "DxpMsg" => "/DxpMsg/Data/base64()",
        _ => "",
    }
}

/// The older envelope around a declaration as it stands in `inner`, without its first line.
pub(super) fn older(tree: &mut Tree, reference: &str, inner: &str) {
    tree.begin("ImportMessage", "");
    tree.in_order();
    tree.open("SWImpHead");
    tree.leaf("CopMsgId", reference);
    tree.leaf("MsgType", "SWDEC001");
    tree.leaf("FunctionCode", "0");
    tree.leaf("Format", "xml");
    tree.leaf("Compress", "0");
    tree.leaf("Version", "1.0");
    tree.close();
    tree.open("SWImpData");
    tree.markup(inner);
    tree.close();
}

/// The envelope of the exchange platform.
pub(super) fn platform(
    tree: &mut Tree,
    random: &mut Random,
    sent: Moment,
    reference: &str,
    inner: &str,
) {
    let sender = random.like("DXPENT00000#####");
    tree.begin("DxpMsg", "http://www.chinaport.gov.cn/dxp");
    tree.in_order();
    tree.leaf("@ver", "1.0");
    tree.leaf("@Id", reference);
    tree.open("TransInfo");
    tree.in_order();
    tree.leaf("CopMsgId", format_args!("{sender}{reference}"));
    tree.leaf("SenderId", sender);
    tree.within("ReceiverIds", "ReceiverId", "DXPEDCDEC0000001");
    tree.leaf("CreatTime", sent.instant());
    tree.leaf("MsgType", "DECMSG");
    tree.close();
    tree.leaf("Data", base64(inner.as_bytes()));
    if random.percent(60) {
        tree.open("AddInfo");
        tree.leaf("FileName", format_args!("{reference}.xml"));
        tree.close();
    }
}

pub(super) fn base64(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() / 3 * 4 + 4);
    for three in octets.chunks(3) {
        let octet = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        for at in 0..4 {
            let worth = (bits >> (18 - 6 * at)) as usize % 64;
            let filled = at <= three.len();
            text.push(if filled {
                char::from(CHARACTERS[worth])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of RFC 4648.
    #[test]
    fn base64_is_that_of_the_standard() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
    }
}
