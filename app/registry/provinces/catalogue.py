"""
The 77 provinces, as the migration enters them once.

Codes and English names are those of ISO 3166-2:TH. Its numbers equal the first two digits of the
Ministry of Interior's district codes for all 77, so one code serves both. They have gaps: a code is
looked up, never counted. Phatthaya (TH-S) is a city of province 20, not a province. The regions are
the set of six of the open address data; reports of TGO or the Ministry of Interior may group
differently.
"""

from typing import Final

from app.registry.provinces.rules import Province, sort_key


def _row(code: str, name_th: str, name_en: str, region: str) -> Province:
    return Province(code, name_th, name_en, region, sort_key(name_th))


PROVINCES: Final = (
    _row("10", "กรุงเทพมหานคร", "Krung Thep Maha Nakhon", "กลาง"),
    _row("11", "สมุทรปราการ", "Samut Prakan", "กลาง"),
    _row("12", "นนทบุรี", "Nonthaburi", "กลาง"),
    _row("13", "ปทุมธานี", "Pathum Thani", "กลาง"),
    _row("14", "พระนครศรีอยุธยา", "Phra Nakhon Si Ayutthaya", "กลาง"),
    _row("15", "อ่างทอง", "Ang Thong", "กลาง"),
    _row("16", "ลพบุรี", "Lop Buri", "กลาง"),
    _row("17", "สิงห์บุรี", "Sing Buri", "กลาง"),
    _row("18", "ชัยนาท", "Chai Nat", "กลาง"),
    _row("19", "สระบุรี", "Saraburi", "กลาง"),
    _row("20", "ชลบุรี", "Chon Buri", "ตะวันออก"),
    _row("21", "ระยอง", "Rayong", "ตะวันออก"),
    _row("22", "จันทบุรี", "Chanthaburi", "ตะวันออก"),
    _row("23", "ตราด", "Trat", "ตะวันออก"),
    _row("24", "ฉะเชิงเทรา", "Chachoengsao", "ตะวันออก"),
    _row("25", "ปราจีนบุรี", "Prachin Buri", "ตะวันออก"),
    _row("26", "นครนายก", "Nakhon Nayok", "กลาง"),
    _row("27", "สระแก้ว", "Sa Kaeo", "ตะวันออก"),
    _row("30", "นครราชสีมา", "Nakhon Ratchasima", "ตะวันออกเฉียงเหนือ"),
    _row("31", "บุรีรัมย์", "Buri Ram", "ตะวันออกเฉียงเหนือ"),
    _row("32", "สุรินทร์", "Surin", "ตะวันออกเฉียงเหนือ"),
    _row("33", "ศรีสะเกษ", "Si Sa Ket", "ตะวันออกเฉียงเหนือ"),
    _row("34", "อุบลราชธานี", "Ubon Ratchathani", "ตะวันออกเฉียงเหนือ"),
    _row("35", "ยโสธร", "Yasothon", "ตะวันออกเฉียงเหนือ"),
    _row("36", "ชัยภูมิ", "Chaiyaphum", "ตะวันออกเฉียงเหนือ"),
    _row("37", "อำนาจเจริญ", "Amnat Charoen", "ตะวันออกเฉียงเหนือ"),
    _row("38", "บึงกาฬ", "Bueng Kan", "ตะวันออกเฉียงเหนือ"),
    _row("39", "หนองบัวลำภู", "Nong Bua Lam Phu", "ตะวันออกเฉียงเหนือ"),
    _row("40", "ขอนแก่น", "Khon Kaen", "ตะวันออกเฉียงเหนือ"),
    _row("41", "อุดรธานี", "Udon Thani", "ตะวันออกเฉียงเหนือ"),
    _row("42", "เลย", "Loei", "ตะวันออกเฉียงเหนือ"),
    _row("43", "หนองคาย", "Nong Khai", "ตะวันออกเฉียงเหนือ"),
    _row("44", "มหาสารคาม", "Maha Sarakham", "ตะวันออกเฉียงเหนือ"),
    _row("45", "ร้อยเอ็ด", "Roi Et", "ตะวันออกเฉียงเหนือ"),
    _row("46", "กาฬสินธุ์", "Kalasin", "ตะวันออกเฉียงเหนือ"),
    _row("47", "สกลนคร", "Sakon Nakhon", "ตะวันออกเฉียงเหนือ"),
    _row("48", "นครพนม", "Nakhon Phanom", "ตะวันออกเฉียงเหนือ"),
    _row("49", "มุกดาหาร", "Mukdahan", "ตะวันออกเฉียงเหนือ"),
    _row("50", "เชียงใหม่", "Chiang Mai", "เหนือ"),
    _row("51", "ลำพูน", "Lamphun", "เหนือ"),
    _row("52", "ลำปาง", "Lampang", "เหนือ"),
    _row("53", "อุตรดิตถ์", "Uttaradit", "เหนือ"),
    _row("54", "แพร่", "Phrae", "เหนือ"),
    _row("55", "น่าน", "Nan", "เหนือ"),
    _row("56", "พะเยา", "Phayao", "เหนือ"),
    _row("57", "เชียงราย", "Chiang Rai", "เหนือ"),
    _row("58", "แม่ฮ่องสอน", "Mae Hong Son", "เหนือ"),
    _row("60", "นครสวรรค์", "Nakhon Sawan", "กลาง"),
    _row("61", "อุทัยธานี", "Uthai Thani", "กลาง"),
    _row("62", "กำแพงเพชร", "Kamphaeng Phet", "กลาง"),
    _row("63", "ตาก", "Tak", "ตะวันตก"),
    _row("64", "สุโขทัย", "Sukhothai", "กลาง"),
    _row("65", "พิษณุโลก", "Phitsanulok", "กลาง"),
    _row("66", "พิจิตร", "Phichit", "กลาง"),
    _row("67", "เพชรบูรณ์", "Phetchabun", "กลาง"),
    _row("70", "ราชบุรี", "Ratchaburi", "ตะวันตก"),
    _row("71", "กาญจนบุรี", "Kanchanaburi", "ตะวันตก"),
    _row("72", "สุพรรณบุรี", "Suphan Buri", "กลาง"),
    _row("73", "นครปฐม", "Nakhon Pathom", "กลาง"),
    _row("74", "สมุทรสาคร", "Samut Sakhon", "กลาง"),
    _row("75", "สมุทรสงคราม", "Samut Songkhram", "กลาง"),
    _row("76", "เพชรบุรี", "Phetchaburi", "ตะวันตก"),
    _row("77", "ประจวบคีรีขันธ์", "Prachuap Khiri Khan", "ตะวันตก"),
    _row("80", "นครศรีธรรมราช", "Nakhon Si Thammarat", "ใต้"),
    _row("81", "กระบี่", "Krabi", "ใต้"),
    _row("82", "พังงา", "Phangnga", "ใต้"),
    _row("83", "ภูเก็ต", "Phuket", "ใต้"),
    _row("84", "สุราษฎร์ธานี", "Surat Thani", "ใต้"),
    _row("85", "ระนอง", "Ranong", "ใต้"),
    _row("86", "ชุมพร", "Chumphon", "ใต้"),
    _row("90", "สงขลา", "Songkhla", "ใต้"),
    _row("91", "สตูล", "Satun", "ใต้"),
    _row("92", "ตรัง", "Trang", "ใต้"),
    _row("93", "พัทลุง", "Phatthalung", "ใต้"),
    _row("94", "ปัตตานี", "Pattani", "ใต้"),
    _row("95", "ยะลา", "Yala", "ใต้"),
    _row("96", "นราธิวาส", "Narathiwat", "ใต้"),
)
