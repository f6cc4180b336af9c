//! Movements of aircraft: forecasts some hours before, confirmations some minutes after, flights
//! that are cancelled, and aircraft that stay longer than planned. What else is said of aircraft
//! stands in [`super::aircraft_papers`].

use super::Making;
use super::aircraft_papers::{self, Paper};
use super::moment::{Moment, Zone, Zoned};
use super::places::{self, AIRLINES, AIRPORTS, Airport, HOME};

pub(super) fn make(m: &mut Making<'_>) -> String {
    let random = &mut m.random;
    let (tree, sent) = (&mut *m.tree, m.sent);
    let airline = random.pick(AIRLINES);
    let airport = random.pick(AIRPORTS);
    let office = places::office(random);
    let agent = m.companies.broker(random);
    let sender = format!("{office}{}", agent.organisation);
    let reference = format!("{sender}_{}", sent.millisecond());
    let with_office = random.percent(50);
    let home = if with_office {
        format!("{}/{office}", HOME.1)
    } else {
        HOME.1.to_owned()
    };
    // Beijing time is 086 to some clients and +08 to others.
    let zone = if random.percent(70) {
        Zone::Beijing
    } else {
        Zone::Hours(8)
    };
    let moved = match m.message_type {
        "StayInPort" => sent.minutes_earlier(random.between(120, 1_400)),
        "InboundForecast" | "OutboundForecast" => sent.minutes_later(random.between(60, 1_200)),
        _ => sent.minutes_earlier(random.between(4, 60)),
    };

    tree.begin(m.message_type, "urn:tongguan:aircraft:1");
    tree.in_order();
    tree.open("Head");
    tree.leaf("MessageID", &reference);
    tree.leaf("SendTime", sent.millisecond());
    tree.leaf("SenderID", &sender);
    tree.leaf("ReceiverID", office);
    tree.close();
    tree.open("Declaration");
    if matches!(
        m.message_type,
        "GeneralDeclaration" | "AircraftFiling" | "FlightFiling"
    ) {
        let paper = Paper {
            airline,
            airport,
            office,
            sender: &sender,
        };
        aircraft_papers::write(m, &paper);
        return reference;
    }
    if m.message_type == "FlightCancelled" {
        tree.leaf("FlightNumber", airline.flight(random));
        tree.leaf("FlightDate", sent.days_later(random.between(0, 2)).date());
        tree.leaf("CancelledPort", home);
        let reasons = ["目的地机场因大雪关闭", "AIRCRAFT TECHNICAL", "流量控制"];
        tree.leaf("CancelReason", *random.pick(&reasons));
        tree.leaf("DeclarationDate", sent.date());
        tree.close();
        return reference;
    }
    let registration = airline.registration(random);
    if with_office {
        tree.leaf(
            "AircraftRegistration",
            format_args!("{registration}/{office}"),
        );
    } else {
        tree.leaf("AircraftRegistration", registration);
    }
    let stays = m.message_type == "StayInPort";
    if !stays {
        let named = random.percent(60);
        tree.leaf("GroundAgent", if named { &sender } else { "" });
    }
    tree.leaf("FlightNumber", airline.flight(random));
    // The day is that in Beijing: of arrival for what arrives, of departure for what leaves.
    tree.leaf("FlightDate", moved.date());
    let pattern = *random.pick(&["N1##", "W2##", "E##", "M#"]);
    let stand = random.like(pattern);
    match m.message_type {
        "InboundForecast" => {
            tree.leaf("PortOfDeparture", airport.locode);
            tree.leaf("PortOfDestination", home);
            let departure = moved.minutes_earlier(airport.minutes);
            tree.leaf("DepartureTime", local(departure, airport));
            tree.leaf(
                "ParkingStand",
                if random.percent(60) {
                    stand.as_str()
                } else {
                    ""
                },
            );
            let unloading = moved.minutes_later(random.between(30, 120));
            tree.leaf("PlannedUnloadingTime", Zoned(unloading, zone));
            tree.leaf("PlannedArrivalTime", Zoned(moved, zone));
        }
        "OutboundForecast" => {
            tree.leaf("PortOfDeparture", home);
            tree.leaf("PortOfDestination", airport.locode);
            tree.leaf("DepartureTime", Zoned(moved, zone));
            tree.leaf("ParkingStand", stand);
        }
        "StayInPort" => {
            tree.leaf("PortOfCall", home);
            tree.leaf("ArrivalTime", Zoned(moved, zone));
            tree.leaf("ParkingStand", stand);
            let reasons = ["更换起落架轮胎，顺延离港", "天气", "CREW REST", "流量控制"];
            tree.leaf("StayReason", *random.pick(&reasons));
        }
        "ArrivalConfirmed" => {
            tree.leaf("PortOfDestination", home);
            tree.leaf("ArrivalTime", Zoned(moved, zone));
            tree.leaf("ParkingStand", stand);
        }
        _ => {
            tree.leaf("DepartureTime", Zoned(moved, zone));
            tree.leaf("PortOfDeparture", home);
        }
    }
    let remarks = [
        "",
        "",
        "",
        "客运航班，腹舱载货",
        "CHARTER",
        "因流量控制顺延",
    ];
    tree.leaf("Remark", *random.pick(&remarks));
    tree.leaf("DeclarationDate", sent.date());
    tree.close();
    reference
}

/// The time as clocks at that airport have it.
pub(super) fn local(moment: Moment, airport: &Airport) -> Zoned {
    let ahead = airport.country.zone - 8;
    let hours = ahead.unsigned_abs() * 60;
    let there = if ahead < 0 {
        moment.minutes_earlier(hours)
    } else {
        moment.minutes_later(hours)
    };
    Zoned(there, Zone::Hours(airport.country.zone))
}
