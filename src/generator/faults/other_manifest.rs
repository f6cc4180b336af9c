//! Mistakes in manifests by sea and by road.

use super::{Fault, ROOT, enlarge, fault_of, spoil};
use crate::generator::random::Random;
use crate::generator::tree::{Id, Tree};

const WAYBILL: &str = "Declaration/Consignment";

/// See [`Fault`].
pub(crate) const OTHER: &[Fault] = &[
    fault_of(
        "MT4101",
        "check digit of a ship's container",
        "MFT-2904",
        "containers",
        |m, r| {
            // In a load manifest no item names it.
            of(m, "MT4101")?;
            let waybill = m.any(WAYBILL, r)?;
            spoil(m, waybill, "TransportEquipment/EquipmentIdentification/ID")
        },
    ),
    fault_of(
        "MT1101",
        "item in a container that there is not",
        "MFT-1505",
        "containers",
        |m, r| {
            let waybill = main(m, r)?;
            let item = m.find(waybill, "ConsignmentItem")?;
            m.find(item, "EquipmentIdentification")?;
            m.append_within(item, "EquipmentIdentification", "ID", "CSQU3054383")
        },
    ),
    fault_of(
        "MT2101",
        "container neither full nor empty",
        "MFT-2906",
        "fullness",
        |m, r| {
            let waybill = m.any(WAYBILL, r)?;
            m.change(waybill, "TransportEquipment/FullnessCode", "6")
        },
    ),
    fault_of(
        "MT1101",
        "container of no size",
        "MFT-2907",
        "size",
        |m, r| {
            let waybill = main(m, r)?;
            m.find(waybill, "TransportEquipment/FullnessCode")?;
            m.remove(waybill, "TransportEquipment/CharacteristicCode")
        },
    ),
    fault_of("MT1101", "ship of the air", "MFT-2902", "mode", |m, _| {
        sea(m)?;
        m.change(ROOT, "Declaration/BorderTransportMeans/TypeCode", "4")
    }),
    fault_of("MT1101", "ship without name", "MFT-2106", "ship", |m, _| {
        of(m, "MT1101").filter(|_| m.value("Head/FunctionCode") != Some("T"))?;
        m.remove(ROOT, "Declaration/BorderTransportMeans/Name")
    }),
    fault_of(
        "MT4101",
        "loaded ship without name",
        "MFT-2304",
        "ship",
        |m, _| {
            of(m, "MT4101")?;
            m.remove(ROOT, "Declaration/BorderTransportMeans/Name")
        },
    ),
    fault_of(
        "MT2101",
        "split indicator of the sea",
        "MFT-1211",
        "split",
        |m, r| {
            of(m, "MT2101").or_else(|| of(m, "MT1101"))?;
            let waybill = main(m, r)?;
            m.append(waybill, "TransportSplitIndicator", "0")
        },
    ),
    fault_of(
        "MT1401",
        "check digit of a lorry's container",
        "MFT-5225",
        "containers",
        |m, r| {
            road(m)?;
            let waybill = m.any(WAYBILL, r)?;
            spoil(m, waybill, "TransportEquipment/ID")
        },
    ),
    fault_of(
        "MT1401",
        "lorry without carrier",
        "MFT-5105",
        "carrier",
        |m, _| {
            road(m)?;
            m.remove(ROOT, "Declaration/Carrier/ID")
        },
    ),
    fault_of(
        "MT2401",
        "carrier without its digit",
        "MFT-5203",
        "carrier",
        |m, _| {
            road(m)?;
            m.change(ROOT, "Declaration/Carrier/ID", "530048")
        },
    ),
    fault_of(
        "MT1401",
        "batch without number",
        "MFT-5102",
        "batch",
        |m, _| {
            road(m)?;
            m.remove(ROOT, "Declaration/ID")
        },
    ),
    fault_of(
        "MT1401",
        "weights of a lorry do not add up",
        "MFT-5701",
        "weight",
        |m, r| {
            let waybill = main(m, r)?;
            let total = "GovernmentAgencyGoodsItem/GoodsMeasure/GrossMassMeasure";
            enlarge(m, waybill, total, 9)
        },
    ),
    fault_of(
        "MT2401",
        "pieces of a lorry do not add up",
        "MFT-5702",
        "pieces",
        |m, r| {
            let waybill = main(m, r)?;
            m.find(waybill, "GovernmentAgencyGoodsItem")?;
            enlarge(m, waybill, "TotalPackageQuantity", 9)
        },
    ),
    fault_of("MT1401", "lorry by sea", "MFT-5212", "mode", |m, _| {
        of(m, "MT1401").or_else(|| of(m, "MT2401"))?;
        m.change(ROOT, "Declaration/BorderTransportMeans/TypeCode", "1")
    }),
    fault_of(
        "MT1401",
        "procedure in words",
        "MFT-5221",
        "procedure",
        |m, r| {
            let waybill = m.any(WAYBILL, r)?;
            m.change(waybill, "GovernmentProcedure/CurrentCode", "IMPORT")
        },
    ),
    fault_of(
        "MT4401",
        "driver without name",
        "MFT-5451",
        "driver",
        |m, r| {
            let waybill = m.any(WAYBILL, r)?;
            m.remove(waybill, "BorderTransportMeans/Master/Name")
        },
    ),
    fault_of(
        "MT4401",
        "vehicle without number",
        "MFT-5151",
        "vehicle",
        |m, r| {
            of(m, "MT4401")?;
            let waybill = m.any(WAYBILL, r)?;
            m.remove(waybill, "BorderTransportMeans/ID")
        },
    ),
    fault_of(
        "MT4401",
        "trailer that weighs nothing",
        "MFT-5751",
        "trailer",
        |m, r| {
            let waybill = m.any(WAYBILL, r)?;
            m.change(
                waybill,
                "BorderTransportMeans/TransportEquipment/TareWeight",
                "0",
            )
        },
    ),
    fault_of(
        "MT5401",
        "no pieces counted",
        "MFT-5704",
        "pieces",
        |m, r| {
            of(m, "MT5401")?;
            let waybill = m.any(WAYBILL, r)?;
            m.change(waybill, "TotalPackageQuantity", "0")
        },
    ),
];

/// The root, if the message is of this type.
fn of(m: &Tree, message_type: &str) -> Option<Id> {
    (m.value("Head/MessageType") == Some(message_type)).then_some(ROOT)
}

fn by(m: &Tree, digit: &str) -> Option<Id> {
    let mode = m.value("Head/MessageType")?.get(3..4)?;
    (mode == digit).then_some(ROOT)
}

fn sea(m: &Tree) -> Option<Id> {
    by(m, "1")
}

fn road(m: &Tree) -> Option<Id> {
    by(m, "4")
}

/// Any waybill of main data or an addition.
fn main(m: &Tree, r: &mut Random) -> Option<Id> {
    m.value("Head/FunctionCode")
        .filter(|form| matches!(*form, "9" | "2"))?;
    m.any(WAYBILL, r)
}
