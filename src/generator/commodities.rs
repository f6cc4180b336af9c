//! Goods: what declarations, manifests and certificates are about. Codes and units are of the
//! tariff; prices and weights are what one might expect of such goods.

use super::random::Random;

/// Units of the code list.
pub(super) const KILOGRAM: &str = "035";

pub(super) struct Commodity {
    /// Ten digits of the tariff.
    pub(super) code: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    /// Specification, as declared: elements separated by a bar.
    pub(super) model: &'static str,
    /// The unit of the contract, the first statutory one, and the second, where there is one.
    pub(super) units: (&'static str, &'static str, &'static str),
    /// The unit of the contract as certificates write it: Chinese, English.
    pub(super) unit_names: (&'static str, &'static str),
    /// Hundredths of the currency for one unit, from and to.
    price: (u64, u64),
    /// Grams of one unit.
    grams: u64,
    /// How many are usual in one item, from and to.
    quantity: (u64, u64),
    /// The number of dangerous goods.
    pub(super) dangerous: Option<&'static str>,
}

/// So much of it at such a price.
#[derive(Clone, Copy)]
pub(super) struct Lot {
    pub(super) commodity: &'static Commodity,
    /// In the unit of the contract.
    pub(super) quantity: u64,
    /// Hundredths of the currency for one unit.
    pub(super) price: u64,
    /// Net weight in hundredths of a kilogram.
    pub(super) net: u64,
}

impl Lot {
    /// Most lots are near the lower end of what is usual: the smaller of two draws.
    pub(super) fn draw(random: &mut Random) -> Lot {
        let commodity = random.pick(COMMODITIES);
        let (first, last) = commodity.quantity;
        let quantity = random.between(first, last).min(random.between(first, last));
        let (first, last) = commodity.price;
        Lot {
            commodity,
            quantity,
            price: random.between(first, last),
            net: (quantity * commodity.grams / 10).max(1),
        }
    }

    /// Hundredths of the currency for all of it.
    pub(super) fn total(&self) -> u64 {
        self.quantity * self.price
    }
}

macro_rules! commodities {
    ($($code:literal $zh:literal $en:literal $model:literal
        $unit:literal $first:literal $second:literal $unit_zh:literal $unit_en:literal
        $low:literal-$high:literal $grams:literal g $few:literal-$many:literal $($un:literal)?;)*) => {
        &[$(Commodity {
            code: $code, zh: $zh, en: $en, model: $model,
            units: ($unit, $first, $second), unit_names: ($unit_zh, $unit_en),
            price: ($low, $high), grams: $grams, quantity: ($few, $many),
            dangerous: commodities!(@un $($un)?),
        }),*]
    };
    (@un $un:literal) => { Some($un) };
    (@un) => { None };
}

static COMMODITIES: &[Commodity] = commodities! {
    "9027500090" "光谱分析仪" "OPTICAL SPECTROMETERS" "用于成分分析|无品牌|QX-200" "001" "001" "" "台" "SETS" 80000-4500000 38000 g 1-12;
    "9011800090" "生物显微镜" "BIOLOGICAL MICROSCOPES" "用于实验室|无品牌|BM-3" "001" "001" "" "台" "SETS" 30000-900000 9500 g 1-40;
    "9018193090" "监护仪" "PATIENT MONITORS" "用于病人监护|境外品牌|PM-12" "001" "001" "" "台" "SETS" 90000-700000 6200 g 1-60;
    "9018902090" "血压测量仪器" "BLOOD PRESSURE METERS" "用于测量血压|无品牌|BP-1" "001" "001" "" "台" "SETS" 2500-12000 450 g 10-2000;
    "9021310000" "人造关节" "ARTIFICIAL JOINTS" "骨科植入|境外品牌" "006" "006" "" "套" "SETS" 60000-400000 800 g 1-200;
    "8542319000" "处理器集成电路" "PROCESSORS AND CONTROLLERS" "用于计算机|BGA 封装" "007" "007" "" "个" "PCS" 120-25000 3 g 100-20000;
    "8542329000" "存储器集成电路" "MEMORY CIRCUITS" "DRAM|封装|16Gb" "007" "007" "" "个" "PCS" 150-3000 2 g 100-50000;
    "8471702000" "固态硬盘" "SOLID STATE DRIVES" "容量 960G|境外品牌" "001" "001" "" "台" "SETS" 6000-40000 90 g 10-2000;
    "8517629990" "无线路由设备" "WIRELESS ROUTING EQUIPMENT" "接收、转换、发送数据|WR-6" "001" "001" "" "台" "SETS" 2500-90000 1200 g 5-1500;
    "8518300000" "无线耳机" "WIRELESS HEADPHONES" "蓝牙|境内自主品牌" "007" "007" "035" "个" "PCS" 900-15000 180 g 50-6000;
    "8544422100" "充电电缆" "CHARGING CABLES" "带接头|80 伏以下" "014" "035" "" "根" "PCS" 60-800 45 g 200-20000;
    "8504409999" "变频器" "INVERTERS" "工业用|380V" "007" "007" "" "个" "PCS" 12000-350000 7400 g 1-150;
    "8479899990" "晶圆清洗设备零件" "WAFER CLEANING MODULES" "用于半导体生产" "001" "001" "" "台" "SETS" 500000-9000000 260000 g 1-4;
    "8466939000" "机床主轴" "MACHINE TOOL SPINDLES" "用于加工中心" "007" "035" "" "个" "PCS" 80000-900000 42000 g 1-30;
    "8482102000" "深沟球轴承" "DEEP GROOVE BALL BEARINGS" "调心|内径 60 毫米" "006" "006" "035" "套" "SETS" 300-9000 650 g 20-4000;
    "8411990000" "涡轮风扇发动机零件" "TURBOFAN ENGINE PARTS" "用于飞机发动机" "011" "035" "" "件" "PCS" 20000-3000000 5200 g 1-50;
    "8807300000" "飞机零件" "AIRCRAFT PARTS" "用于民用飞机" "007" "035" "" "个" "PCS" 10000-1500000 3500 g 1-80;
    "8708299000" "车身零件" "PARTS OF CAR BODIES" "用于小轿车" "007" "035" "" "个" "PCS" 800-30000 2300 g 10-3000;
    "8708409990" "变速箱总成" "GEAR BOXES" "用于小轿车|8 挡" "007" "007" "035" "个" "PCS" 60000-400000 78000 g 1-60;
    "3002120090" "人血制品" "HUMAN BLOOD FRACTIONS" "白蛋白|20%" "140" "035" "" "盒" "BOXES" 3000-30000 310 g 20-5000;
    "3004909099" "抗肿瘤药品" "ANTINEOPLASTIC MEDICINES" "已配定剂量|零售包装" "140" "035" "" "盒" "BOXES" 8000-250000 120 g 10-4000;
    "3821000000" "细胞培养基" "CELL CULTURE MEDIA" "用于生物培养" "095" "035" "" "升" "LITRES" 1500-20000 1050 g 10-900;
    "3822190090" "诊断试剂" "DIAGNOSTIC REAGENTS" "附于衬背上|用于检测" "140" "035" "" "盒" "BOXES" 2000-60000 260 g 5-3000;
    "3208909091" "涂料" "PAINTS" "溶于非水介质" "035" "035" "" "千克" "KGS" 400-3000 1000 g 20-4000 "1263";
    "8507600090" "锂离子蓄电池" "LITHIUM ION BATTERIES" "用于便携设备|3.7V" "007" "007" "035" "个" "PCS" 300-9000 220 g 20-5000 "3480";
    "2905122000" "异丙醇" "ISOPROPYL ALCOHOL" "电子级|含量 99.9%" "035" "035" "" "千克" "KGS" 300-1800 1000 g 50-5000 "1219";
    "3304990099" "护肤品" "SKIN CARE PREPARATIONS" "零售包装|境外品牌" "140" "035" "011" "盒" "BOXES" 1500-30000 220 g 50-5000;
    "4901990000" "印刷书籍" "PRINTED BOOKS" "已装订" "011" "035" "" "件" "PCS" 500-6000 640 g 10-3000;
    "6110200090" "棉制针织衫" "COTTON PULLOVERS" "针织|棉 95% 氨纶 5%" "011" "011" "035" "件" "PCS" 400-3500 320 g 100-8000;
    "6204430090" "合成纤维连衣裙" "DRESSES OF SYNTHETIC FIBRES" "机织|涤纶 100%" "011" "011" "035" "件" "PCS" 600-9000 380 g 50-5000;
    "6403990090" "皮鞋" "LEATHER SHOES" "橡胶外底|皮革面" "025" "025" "035" "双" "PAIRS" 1500-25000 950 g 20-4000;
    "6911101900" "瓷餐具" "PORCELAIN TABLEWARE" "陶瓷|餐桌用" "011" "035" "" "件" "PCS" 100-1500 420 g 100-9000;
    "7017900000" "实验室玻璃器皿" "LABORATORY GLASSWARE" "玻璃制|刻度" "007" "035" "" "个" "PCS" 90-2000 120 g 50-9000;
    "9025191090" "数字温度计" "DIGITAL THERMOMETERS" "电子|非液体" "007" "007" "" "个" "PCS" 400-4000 140 g 20-4000;
    "9102110000" "石英手表" "QUARTZ WRIST WATCHES" "机械指示|境外品牌" "008" "008" "" "只" "PCS" 5000-200000 95 g 10-900;
    "9405110000" "LED 吊灯" "LED CHANDELIERS" "LED 光源|金属" "011" "035" "" "件" "PCS" 1500-40000 3100 g 5-1000;
    "0304410000" "冷藏三文鱼" "CHILLED SALMON FILLETS" "冷藏|切片" "035" "035" "" "千克" "KGS" 900-2200 1000 g 50-6000;
    "0810400000" "鲜蓝莓" "FRESH BLUEBERRIES" "鲜|盒装" "035" "035" "" "千克" "KGS" 700-1800 1000 g 100-6000;
    "2204210000" "葡萄酒" "WINE" "2 升及以下容器|红葡萄酒" "095" "095" "035" "升" "LITRES" 500-6000 1350 g 50-9000;
    "2007991000" "草莓果酱" "STRAWBERRY JAM" "罐头|草莓" "035" "035" "" "千克" "KGS" 150-400 1000 g 100-6000;
};
