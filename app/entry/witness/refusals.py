"""What a witness refuses to start with."""

from app.kernel.errors import ConflictError, ForbiddenError, InvalidError


class FolderInUseError(ConflictError):
    """Another witness is running on this folder."""

    code = "witness_folder_in_use"
    number = 3601
    title_th = "มีพยานอีกตัวหนึ่งกำลังทำงานกับโฟลเดอร์นี้อยู่"
    advice = "Stop it first. Two witnesses with one key could cosign two histories of one log."
    advice_th = "โปรดหยุดตัวนั้นก่อน เพราะพยานสองตัวที่ใช้กุญแจเดียวกันอาจลงนามรับรองประวัติสองฉบับของบันทึกเดียวกัน"


class FolderUnusableError(ForbiddenError):
    """The witness cannot keep its files in this folder."""

    code = "witness_folder_unusable"
    number = 3602
    title_th = "พยานเก็บไฟล์ในโฟลเดอร์นี้ไม่ได้"
    advice = "{reason}. Name with --folder one that the witness may write in."
    advice_th = "{reason} โปรดระบุด้วย --folder ให้เป็นโฟลเดอร์ที่พยานเขียนได้"


class KeyExposedError(ForbiddenError):
    """Others than its owner can read the witness's key."""

    code = "witness_key_exposed"
    number = 3603
    title_th = "ผู้อื่นนอกจากเจ้าของอ่านกุญแจของพยานได้"
    advice = (
        "If nobody else has seen it: `chmod 600` on {file}. Else begin a new witness in another "
        "folder, and tell the log."
    )
    advice_th = (
        "หากแน่ใจว่าไม่มีผู้อื่นเห็นกุญแจ ให้ใช้ `chmod 600` กับ {file} มิฉะนั้นให้เริ่มพยานตัวใหม่ในโฟลเดอร์อื่น "
        "แล้วแจ้งผู้ดูแลบันทึก"
    )


class KeyUnreadableError(InvalidError):
    """The key file of the witness does not hold an Ed25519 key."""

    code = "witness_key_unreadable"
    number = 3604
    title_th = "ไฟล์กุญแจของพยานไม่มีกุญแจ Ed25519"
    advice = "Restore {file} from where you keep keys, or begin a new witness in another folder."
    advice_th = "โปรดกู้คืน {file} จากที่เก็บกุญแจ หรือเริ่มพยานตัวใหม่ในโฟลเดอร์อื่น"


class KeyGoneError(ConflictError):
    """This folder belongs to a witness whose key is not here."""

    code = "witness_key_gone"
    number = 3605
    title_th = "โฟลเดอร์นี้เป็นของพยานที่กุญแจไม่อยู่ที่นี่แล้ว"
    advice = "Put {file} back, or begin a new witness in another folder and tell the log."
    advice_th = "โปรดนำ {file} กลับมา หรือเริ่มพยานตัวใหม่ในโฟลเดอร์อื่นแล้วแจ้งผู้ดูแลบันทึก"


class NameMissingError(InvalidError):
    """A new witness needs a name."""

    code = "witness_name_missing"
    number = 3606
    title_th = "พยานตัวใหม่ต้องมีชื่อ"
    advice = "Give one with --name, as an address that is yours: witness.example.org/one."
    advice_th = "โปรดตั้งชื่อด้วย --name เป็นที่อยู่ที่เป็นของท่าน เช่น witness.example.org/one"


class NameDiffersError(ConflictError):
    """The witness of this folder has another name."""

    code = "witness_name_differs"
    number = 3607
    title_th = "พยานของโฟลเดอร์นี้มีชื่ออื่น"
    advice = "It is called {name}: leave --name out, or begin a new witness in another folder."
    advice_th = "พยานนี้ชื่อ {name} โปรดไม่ต้องระบุ --name หรือเริ่มพยานตัวใหม่ในโฟลเดอร์อื่น"


class MemoryDamagedError(ConflictError):
    """What the witness remembers of a log is damaged."""

    code = "witness_memory_damaged"
    number = 3608
    title_th = "ความจำของพยานเกี่ยวกับบันทึกหนึ่งเสียหาย"
    advice = (
        "{file} is not a checkpoint that this witness cosigned. Without it the witness could "
        "cosign a rewritten log: begin a new witness in another folder, and tell the log."
    )
    advice_th = (
        "{file} ไม่ใช่จุดตรวจสอบที่พยานนี้ลงนามรับรองไว้ หากไม่มีไฟล์นี้พยานอาจรับรองบันทึกที่ถูกเขียนใหม่ "
        "โปรดเริ่มพยานตัวใหม่ในโฟลเดอร์อื่นแล้วแจ้งผู้ดูแลบันทึก"
    )
