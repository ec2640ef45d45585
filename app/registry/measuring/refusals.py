"""Why a measurement is not computed."""

from app.kernel.errors import BrokenRuleError, InvalidError, NotFoundError


class UnitUnknownError(InvalidError):
    """This unit is not known."""

    code = "measuring_unit_unknown"
    number = 4501
    title_th = "ไม่รู้จักหน่วยวัดนี้"
    advice = "Write units such as kWh, tCO2e/MWh or m3, joined by * and /; {unit} is not known."
    advice_th = "โปรดเขียนหน่วยเช่น kWh, tCO2e/MWh หรือ m3 โดยเชื่อมด้วย * และ / ระบบไม่รู้จัก {unit}"


class UnitWrongError(BrokenRuleError):
    """This unit measures something else."""

    code = "measuring_unit_wrong"
    number = 4502
    title_th = "หน่วยวัดนี้ใช้วัดปริมาณคนละชนิด"
    advice = "{given} cannot become {wanted}. Give the value in a unit of the same kind."
    advice_th = "แปลง {given} เป็น {wanted} ไม่ได้ โปรดระบุค่าในหน่วยชนิดเดียวกัน"


class NumberUnreadableError(InvalidError):
    """This is not a plain number."""

    code = "measuring_number_unreadable"
    number = 4503
    title_th = "ค่านี้ไม่ใช่ตัวเลขที่อ่านได้"
    advice = "Write digits with a point before decimals and no exponent, for example 1249.75."
    advice_th = "โปรดเขียนเป็นตัวเลขโดยใช้จุดทศนิยมและไม่ใช้เลขยกกำลัง เช่น 1249.75"


class QuantityMissingError(BrokenRuleError):
    """The calculation lacks a quantity."""

    code = "measuring_quantity_missing"
    number = 4504
    title_th = "ขาดค่าที่ต้องใช้ในการคำนวณ"
    advice = "Give {parameter} in {unit}."
    advice_th = "โปรดระบุ {parameter} ในหน่วย {unit}"


class QuantityUnexpectedError(BrokenRuleError):
    """The calculation has no such input."""

    code = "measuring_input_unexpected"
    number = 4505
    title_th = "การคำนวณนี้ไม่มีข้อมูลนำเข้าชื่อนี้"
    advice = "Leave {parameter} out, or check its name in the outline of the calculator."
    advice_th = "โปรดนำ {parameter} ออก หรือตรวจชื่อจากรายการข้อมูลนำเข้าของการคำนวณ"


class QuantityOutOfRangeError(BrokenRuleError):
    """A quantity is out of its range."""

    code = "measuring_out_of_range"
    number = 4506
    title_th = "ค่าอยู่นอกช่วงที่กำหนด"
    advice = "Give {parameter} from {low} to {high} {unit}."
    advice_th = "โปรดระบุ {parameter} ตั้งแต่ {low} ถึง {high} {unit}"


class SourceMissingError(BrokenRuleError):
    """This value needs a source."""

    code = "measuring_source_missing"
    number = 4507
    title_th = "ค่านี้ต้องระบุแหล่งอ้างอิง"
    advice = "Say for {parameter} which document, edition and table the value is from."
    advice_th = "โปรดระบุเอกสาร ฉบับ และตารางที่เป็นที่มาของ {parameter}"


class ChoiceUnknownError(BrokenRuleError):
    """This choice is not one of those there are."""

    code = "measuring_choice_unknown"
    number = 4508
    title_th = "ตัวเลือกนี้ไม่มีในรายการ"
    advice = "Choose for {parameter} one of: {allowed}."
    advice_th = "โปรดเลือก {parameter} จากรายการต่อไปนี้ {allowed}"


class RowsOutOfRangeError(BrokenRuleError):
    """A table has too few or too many rows."""

    code = "measuring_rows_out_of_range"
    number = 4509
    title_th = "จำนวนแถวในตารางน้อยหรือมากเกินไป"
    advice = "Give {table} from {least} to {most} rows, each with a name of its own."
    advice_th = "โปรดระบุ {table} จำนวน {least} ถึง {most} แถว โดยแต่ละแถวมีชื่อไม่ซ้ำกัน"


class CalculatorNotFoundError(NotFoundError):
    """There is no such calculator."""

    code = "measuring_calculator_not_found"
    number = 4510
    title_th = "ไม่มีการคำนวณรุ่นนี้"
    advice = "Look {calculator} version {version} up in the list of calculators."
    advice_th = "โปรดตรวจ {calculator} รุ่น {version} จากรายการการคำนวณ"


class FactorNotFoundError(BrokenRuleError):
    """There is no factor for this purpose on this day."""

    code = "measuring_factor_not_found"
    number = 4511
    title_th = "ไม่มีค่าสัมประสิทธิ์สำหรับวัตถุประสงค์นี้ในวันที่ดังกล่าว"
    advice = "Have a value of {factor} for {purpose} entered that holds on {on}, with its source."
    advice_th = "โปรดให้บันทึกค่า {factor} สำหรับ {purpose} ที่ใช้ได้ในวันที่ {on} พร้อมแหล่งอ้างอิง"


class FactorChoiceNeededError(BrokenRuleError):
    """Two values are allowed on this day, and none was chosen."""

    code = "measuring_factor_choice_needed"
    number = 4512
    title_th = "ในวันดังกล่าวใช้ได้มากกว่าหนึ่งค่า แต่ยังไม่ได้เลือก"
    advice = "Say by its first day which value of {factor} is used on {on}: {allowed}."
    advice_th = "โปรดระบุวันเริ่มใช้ของค่า {factor} ที่ใช้ในวันที่ {on} จาก {allowed}"


class FactorNotAmongError(BrokenRuleError):
    """The value chosen is not allowed on this day."""

    code = "measuring_factor_not_among"
    number = 4513
    title_th = "ค่าที่เลือกใช้ไม่ได้ในวันดังกล่าว"
    advice = "Choose a value of {factor} that may be used on {on}: {allowed}."
    advice_th = "โปรดเลือกค่า {factor} ที่ใช้ได้ในวันที่ {on} จาก {allowed}"


class FactorPurposeError(BrokenRuleError):
    """This factor is for another purpose."""

    code = "measuring_factor_purpose"
    number = 4514
    title_th = "ค่าสัมประสิทธิ์นี้ใช้เพื่อวัตถุประสงค์อื่น"
    advice = "{factor} is for {purpose}; credits are computed with a factor for {wanted} only."
    advice_th = "{factor} ใช้สำหรับ {purpose} การคำนวณเครดิตต้องใช้ค่าสำหรับ {wanted} เท่านั้น"


class FactorsOverlapError(BrokenRuleError):
    """Two values of a factor hold at once, and it is not a window of grace."""

    code = "measuring_factors_overlap"
    number = 4515
    title_th = "ค่าสัมประสิทธิ์สองค่ามีผลพร้อมกันโดยไม่ใช่ช่วงผ่อนผัน"
    advice = (
        "End {factor} for {purpose} before {on}, when the next begins; grace is a day of its own."
    )
    advice_th = (
        "โปรดสิ้นสุดค่า {factor} สำหรับ {purpose} ก่อนวันที่ {on} ซึ่งค่าถัดไปเริ่มใช้ โดยช่วงผ่อนผันระบุแยกต่างหาก"
    )


class FactorPeriodError(BrokenRuleError):
    """The days of a factor are not in order."""

    code = "measuring_factor_period"
    number = 4516
    title_th = "วันที่ของค่าสัมประสิทธิ์ไม่เรียงตามลำดับ"
    advice = "{factor} begins, then ends, then its grace ends; without an end there is no grace."
    advice_th = "{factor} ต้องมีวันเริ่ม วันสิ้นสุด และวันสิ้นสุดช่วงผ่อนผันตามลำดับ หากไม่มีวันสิ้นสุดจะไม่มีช่วงผ่อนผัน"


class GwpMixedError(BrokenRuleError):
    """The factors are of different sets of global warming potentials."""

    code = "measuring_gwp_mixed"
    number = 4517
    title_th = "ค่าสัมประสิทธิ์ใช้ค่า GWP คนละชุดกัน"
    advice = "Use one set in one calculation; these are of {sets}."
    advice_th = "โปรดใช้ค่า GWP ชุดเดียวในการคำนวณหนึ่งครั้ง ค่าที่ระบุมาจาก {sets}"


class GwpDiffersError(BrokenRuleError):
    """This is not the global warming potential of its set."""

    code = "measuring_gwp_differs"
    number = 4518
    title_th = "ค่า GWP ไม่ตรงกับชุดที่ระบุ"
    advice = "In {set} {factor} is {published}. Name the set that the value is from."
    advice_th = "ใน {set} ค่า {factor} คือ {published} โปรดระบุชุดที่เป็นที่มาของค่า"


class ReferenceUnknownError(BrokenRuleError):
    """A row names something that is not there."""

    code = "measuring_reference_unknown"
    number = 4519
    title_th = "แถวข้อมูลอ้างถึงสิ่งที่ไม่มีอยู่"
    advice = "{row} names {named}, which is not in {table}."
    advice_th = "{row} อ้างถึง {named} ซึ่งไม่มีใน {table}"


class PlotsTooFewError(BrokenRuleError):
    """A stratum has too few sample plots."""

    code = "measuring_plots_too_few"
    number = 4520
    title_th = "ชั้นภูมินี้มีแปลงตัวอย่างน้อยเกินไป"
    advice = "Measure at least two plots in {stratum}: one alone tells nothing of the uncertainty."
    advice_th = "โปรดวัดอย่างน้อยสองแปลงใน {stratum} เพราะแปลงเดียวไม่สามารถประเมินความไม่แน่นอนได้"


class QuantityNotWholeError(BrokenRuleError):
    """A number that is counted is not whole."""

    code = "measuring_not_whole"
    number = 4521
    title_th = "จำนวนนับต้องเป็นจำนวนเต็ม"
    advice = "Give {parameter} as a whole number."
    advice_th = "โปรดระบุ {parameter} เป็นจำนวนเต็ม"


class ComputedDiffersError(BrokenRuleError):
    """Computing again gives something else than was recorded."""

    code = "measuring_computed_differs"
    number = 4522
    title_th = "ผลการคำนวณซ้ำไม่ตรงกับที่บันทึกไว้"
    advice = (
        "The record of {calculator} version {version} was changed, or is not whole: compare it."
    )
    advice_th = "บันทึกของ {calculator} รุ่น {version} ถูกแก้ไขหรือไม่ครบถ้วน โปรดตรวจเทียบ"
