//! Where schemas differ from the lists of published fields, and why that is right. A path and the
//! name of a message may have one star, for any letters.

const FAR: &str = "the notice has no limit; the schema has one that no certificate reaches";
const TIMES: &str = "times are read in every form that manifests write them in";
const ONE_BLOCK: &str = "one block serves import and export";
const SAMPLES: &str = "the list is of samples; it is an item of manifests of other modes";
const EITHER: &str =
    "whether a block stands around it, and its name, is not confirmed; both are read";
const ONE_KIND: &str = "one kind of container serves every manifest message";

/// What is otherwise than a list says: messages, path, what is found, and why.
pub const DEVIATIONS: &[(&str, &str, &str, &str)] = &[
    (
        "DecMessage",
        "DecHead/Type",
        "is needed",
        "an ordinary declaration leaves it blank",
    ),
    (
        "DecMessage",
        "DecHead/Type",
        "is an..6; here 0 to 7 characters",
        "the seventh came with version 4.9.7; the published length is the old one",
    ),
    (
        "DecMessage",
        "SddTax/InsurCurr",
        "is an..1; here 0 to 3 characters",
        "a currency has three characters, here as in FeeCurr and OtherCurr",
    ),
    (
        "*",
        "Declaration/*Time",
        "is an15; here 14 to 17 characters",
        TIMES,
    ),
    (
        "AircraftFiling GeneralDeclaration",
        "Declaration/*Nationality",
        "is a2; here 2 to 3 characters",
        "numeric codes of countries are read too",
    ),
    (
        "MT1401 MT2401",
        "Declaration/LoadingLocation/LoadingDateTime",
        "is n14; here 8 to 17 characters",
        TIMES,
    ),
    (
        "MT1401",
        "Declaration/UnloadingLocation/ArrivalDateTime",
        "is n8; here 8 to 17 characters",
        TIMES,
    ),
    (
        "Coo*",
        "CertificateList/Goods",
        "may be there n times; here 999",
        FAR,
    ),
    (
        "Coo*",
        "NonpartyCorpList/NonpartyCorp",
        "may be there n times; here 200",
        FAR,
    ),
    (
        "Coo*",
        "OriInvs/OriInv",
        "may be there n times; here 200",
        FAR,
    ),
];

/// What a schema has and no list: messages, path, and why.
pub const BEYOND: &[(&str, &str, &str)] = &[
    (
        "DecMessage",
        "@version",
        "some producers write the name of the attribute in small letters",
    ),
    ("DecMessage", "TrnContaGoodsList/GNo", EITHER),
    ("DecMessage", "TrnContaGoodsList/Conta*", EITHER),
    ("DecMessage", "DecLists/DecList/DecControlModel", EITHER),
    (
        "DecMessage",
        "DecLists/DecList/DecGoodsLimits/DecGoodsLimit/DecGoodsLimitVins",
        EITHER,
    ),
    ("DecMessage", "DecMarkLob", EITHER),
    ("DecMessage", "DecSupplements", EITHER),
    ("DecMessage", "TrnContainer", EITHER),
    (
        "*",
        "Head",
        "the notice on aircraft has no head; ours is that of manifests",
    ),
    (
        "GeneralDeclaration",
        "Declaration/CrewList/CrewMember/Document*",
        "the list goes on with documents of identity, whose formats could not be read",
    ),
    (
        "GeneralDeclaration",
        "Declaration/PassengerList",
        "the list goes on with passengers, whose items could not be read",
    ),
    (
        "GeneralDeclaration",
        "Declaration/StoresList",
        "the list goes on with stores, whose items could not be read",
    ),
    (
        "MT*",
        "Declaration/*/@unitCode",
        "road messages name the unit, and producers of other modes may",
    ),
    (
        "MT1* MT2*",
        "Declaration/Consignment/LoadingLocation",
        ONE_BLOCK,
    ),
    (
        "MT1* MT2*",
        "Declaration/Consignment/UnloadingLocation",
        ONE_BLOCK,
    ),
    (
        "MT1* MT2*",
        "Declaration/Consignment/TransportContractDocument/Consolidator",
        ONE_BLOCK,
    ),
    (
        "MT1* MT2*",
        "Declaration/Consignment/TransportContractDocument/Deconsolidator",
        ONE_BLOCK,
    ),
    ("MT1401", "Declaration/LoadingLocation/ID", ONE_BLOCK),
    ("MT2401", "Declaration/UnloadingLocation", ONE_BLOCK),
    ("MT5101 MT5201", "Declaration/LoadingLocation", ONE_BLOCK),
    ("MT5102 MT5202", "Declaration/UnloadingLocation", ONE_BLOCK),
    (
        "MT4* MT5*",
        "Declaration/Consignment/TransportContractDocument/ChangeReasonCode",
        "changes and deletions of every manifest message have a reason",
    ),
    (
        "MT1101 MT2101 MT4101",
        "Declaration/Consignment/TransportSplitIndicator",
        "an item of the air form; one block serves sea and air",
    ),
    (
        "MT5*",
        "Declaration/Consignment/TransportEquipment",
        "an item of the sea form; one block serves sea and air",
    ),
    (
        "MT4101 MT4201",
        "Declaration/Consignment/TransportEquipment/SupplierPartyTypeCode",
        ONE_KIND,
    ),
    (
        "MT5*",
        "Declaration/AdditionalInformation",
        "every manifest message may have a remark",
    ),
    (
        "MT5*",
        "Declaration/TallyParty/Contact/Communication",
        "one kind of contact serves every manifest message",
    ),
    (
        "MT1401 MT2401",
        "Declaration/BorderTransportMeans/ID",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/BorderTransportMeans/Name",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/AssociatedTransportDocument",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/BorderTransportMeans",
        ONE_BLOCK,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/Consignee/AEO",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/Consignee/Address",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/Consignor/AEO",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/Consignor/Address",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/NativeBillNo",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/NotifyParty/Address/*",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/PreviousCustomsDocument",
        SAMPLES,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/TransitDeparture",
        ONE_BLOCK,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/TransitDestination",
        ONE_BLOCK,
    ),
    (
        "MT1401 MT2401",
        "Declaration/Consignment/TransportContractDocument/ChangeReasonCode",
        SAMPLES,
    ),
    (
        "MT440*",
        "Declaration/Consignment/TransportEquipment/FullnessCode",
        ONE_KIND,
    ),
    (
        "MT440*",
        "Declaration/Consignment/TransportEquipment/SealID",
        ONE_KIND,
    ),
    (
        "MT440*",
        "Declaration/LoadingLocation/LoadingDateTime",
        "the places are those of the original manifest",
    ),
    (
        "MT440*",
        "Declaration/UnloadingLocation/ArrivalDateTime",
        "the places are those of the original manifest",
    ),
];
