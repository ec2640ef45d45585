"""
Why the publisher stops. Each says which procedure mends it; the README tells them at length.

None of them is passed over by trying again: a log that shows two histories is worth nothing, and a
log that stands still is worth what it was.
"""

from app.kernel.errors import BusyError, ConflictError, InvalidError


class DatabaseBehindError(ConflictError):
    """The database lacks acts that were published."""

    code = "database_behind_publication"
    number = 1701
    title_th = "ฐานข้อมูลขาดรายการที่เผยแพร่ไปแล้ว"
    advice = (
        "Procedure BEHIND. The database holds {size} acts, and {published} were signed: it is a "
        "restored backup, or a server that lost a failover. Stop the service and recover the "
        "database up to at least {published} acts (newest backup and its write-ahead log, or the "
        "other server). What cannot be recovered must be told to the public; a new log begins "
        "under a new name."
    )
    advice_th = (
        "ขั้นตอน BEHIND ฐานข้อมูลมี {size} รายการ แต่ลงนามไปแล้ว {published} รายการ "
        "โปรดหยุดบริการและกู้ฐานข้อมูลให้ครบ หากกู้ไม่ได้ต้องแจ้งสาธารณะและเริ่มบันทึกใหม่ด้วยชื่อใหม่"
    )


class DatabaseDiffersError(ConflictError):
    """The database holds another history than the one that was published."""

    code = "database_differs_from_publication"
    number = 1702
    title_th = "ฐานข้อมูลมีประวัติต่างจากที่เผยแพร่ไปแล้ว"
    advice = (
        "Procedure DIFFERS. At {size} acts the database says otherwise than what was signed "
        "({found}). Somebody changed a row, or another history was written after a failover. Stop "
        "the service, keep this database as evidence, and restore one that agrees with the "
        "published log: `registry verify` on a published copy tells which acts are the true ones."
    )
    advice_th = (
        "ขั้นตอน DIFFERS ที่ {size} รายการ ฐานข้อมูลไม่ตรงกับที่ลงนาม ({found}) โปรดหยุดบริการ "
        "เก็บฐานข้อมูลนี้เป็นหลักฐาน และกู้ฐานข้อมูลที่ตรงกับบันทึกที่เผยแพร่"
    )


class PublisherRunningError(BusyError):
    """Another publisher is at work on this log."""

    code = "publisher_running"
    number = 1703
    title_th = "มีตัวเผยแพร่อีกตัวกำลังทำงานกับบันทึกนี้"
    advice = (
        "One log has one publisher. End the other one first; on another machine it holds a lock of "
        "the database, on this one a lock of its folder."
    )
    advice_th = "บันทึกหนึ่งมีตัวเผยแพร่ได้เพียงตัวเดียว โปรดหยุดตัวเดิมก่อน"


class MemoryBehindError(ConflictError):
    """The publisher does not remember what was signed in its name."""

    code = "publisher_memory_behind"
    number = 1704
    title_th = "ตัวเผยแพร่ไม่มีบันทึกความจำของสิ่งที่ลงนามไปแล้ว"
    advice = (
        "Procedure MEMORY. Its folder remembers {remembered} acts, and {signed} were signed with "
        "its key: the folder is an old copy, or a new one. Bring the newest folder back; if it is "
        "lost, ask every witness for its size, and when none is ahead of {signed}, run `registry "
        "publish --adopt`, which takes what was signed as what it remembers."
    )
    advice_th = (
        "ขั้นตอน MEMORY โฟลเดอร์จำได้ {remembered} รายการ แต่ลงนามไปแล้ว {signed} รายการ "
        "โปรดนำโฟลเดอร์ล่าสุดกลับมา หากสูญหาย ให้ถามพยานทุกราย แล้วใช้ `registry publish --adopt`"
    )


class FilesDifferError(ConflictError):
    """A published file of the log was changed, or another publisher wrote it."""

    code = "published_files_differ"
    number = 1705
    title_th = "ไฟล์บันทึกที่เผยแพร่ถูกเปลี่ยน หรือมีตัวเผยแพร่อื่นเขียน"
    advice = (
        "Procedure FILES. {path} is not what this log says. If another publisher writes to the "
        "same place, end it and keep both copies: they are evidence. If the file is damaged, "
        "remove it: the publisher writes it again from the database."
    )
    advice_th = (
        "ขั้นตอน FILES ไฟล์ {path} ไม่ตรงกับบันทึก หากมีตัวเผยแพร่อื่น ให้หยุดและเก็บสำเนาทั้งสองไว้เป็นหลักฐาน "
        "หากไฟล์เสียหาย ให้ลบแล้วตัวเผยแพร่จะเขียนใหม่"
    )


class WitnessForkError(ConflictError):
    """A witness says that it was shown another history."""

    code = "witness_says_forked"
    number = 1706
    title_th = "พยานแจ้งว่าเคยเห็นประวัติอีกชุดหนึ่ง"
    advice = (
        "Procedure FORK. {witness}: {sentence}. Nothing is published. What was asked and answered "
        "is kept in {evidence}. Compare with the witness's own page. If it has more than we have, "
        "follow BEHIND; if it has other bytes, follow DIFFERS; only if the witness itself is "
        "broken, take it out of the witness policy, and say so in public."
    )
    advice_th = (
        "ขั้นตอน FORK {witness}: {sentence} หยุดเผยแพร่แล้ว หลักฐานอยู่ที่ {evidence} โปรดเทียบกับหน้าของพยาน "
        "แล้วทำตามขั้นตอน BEHIND หรือ DIFFERS"
    )


class LogKeyError(InvalidError):
    """The log's signing key cannot be used."""

    code = "log_key_unusable"
    number = 1707
    title_th = "ไม่สามารถใช้กุญแจลงนามของบันทึกได้"
    advice = "{path}: {fault}. The key is an Ed25519 key in PEM, readable by its owner alone."
    advice_th = "{path}: {fault} กุญแจต้องเป็น Ed25519 แบบ PEM และเจ้าของอ่านได้ผู้เดียว"


class OriginChangedError(ConflictError):
    """The log has another name than the one it began with."""

    code = "log_origin_changed"
    number = 1708
    title_th = "ชื่อบันทึกต่างจากชื่อเดิม"
    advice = (
        "It was published as {origin}, and its name is for ever: set REGISTRY_LOG_ORIGIN back to "
        "that."
    )
    advice_th = "เคยเผยแพร่ในชื่อ {origin} และชื่อนี้เปลี่ยนไม่ได้ โปรดตั้ง REGISTRY_LOG_ORIGIN กลับตามเดิม"
