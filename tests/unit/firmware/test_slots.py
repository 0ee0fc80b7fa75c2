"""The two slots, with a power failure at every operation of a push."""

import random

import pytest
from kwspipe._core import ffi, lib

from support.flash_model import FlashModel, image_id

PAGE_BYTES = 2048
SLOT_BYTES = 4 * PAGE_BYTES
MARK = b"KWSi"  # the check of these tests requires it


@ffi.callback("int(void *, uint8_t *, uint32_t)")
def check_mark(_context, image, size):
    return lib.KWS_OK if bytes(ffi.buffer(image, min(size, 4))) == MARK else lib.KWS_ERROR_FORMAT


def make_image(seed: int, size: int = 4999) -> bytes:
    return MARK + random.Random(seed).randbytes(size - 4)


class Board:
    """The slots of a board that restarts repeatedly on the same flash."""

    def __init__(self, flash: FlashModel) -> None:
        self.flash = flash
        self.slots = ffi.new("kws_slots_t *")
        self.start()

    def start(self) -> None:
        self.flash.power_on()
        assert lib.kws_slots_open(self.slots, self.flash.interface, check_mark, ffi.NULL) == lib.KWS_OK

    def active_image(self) -> bytes | None:
        if self.slots.active < 0:
            return None
        image = lib.kws_slots_image(self.slots, self.slots.active)
        return bytes(ffi.buffer(image, self.slots.active_id.size_bytes))

    def begin(self, image: bytes, restart: bool = False) -> int:
        return lib.kws_slots_begin(self.slots, image_id(image), restart)

    def send(self, image: bytes, offset: int, end: int | None = None, chunk: int = 500) -> int:
        """Writes the image from an offset. Returns the next offset or an error."""
        while 0 <= offset < (len(image) if end is None else end):
            data = image[offset : offset + chunk]
            offset = lib.kws_slots_write(self.slots, offset, data, len(data))
        return offset

    def push(self, image: bytes, restart: bool = False) -> int:
        """Performs a whole push. Returns KWS_OK or the first error."""
        reached = self.send(image, self.begin(image, restart))
        if reached < 0:
            return reached
        return lib.kws_slots_verify(self.slots) or lib.kws_slots_confirm(self.slots)


@pytest.fixture
def board() -> Board:
    return Board(FlashModel(PAGE_BYTES, SLOT_BYTES, seed=1))


OLD, NEW, OLDEST = make_image(1), make_image(2), make_image(3)


def test_a_new_chip_has_no_image(board):
    assert board.active_image() is None
    assert board.slots.active == -1


def test_images_alternate_between_the_slots(board):
    for number, image in enumerate(
        [OLDEST, OLD, NEW, make_image(4, 9), make_image(5, SLOT_BYTES - PAGE_BYTES)]
    ):
        assert board.push(image) == lib.KWS_OK
        assert board.slots.active == number % 2
        assert board.active_image() == image
        board.start()
        assert board.active_image() == image
        assert board.slots.active_sequence == number + 1
    assert board.flash.faults == []


def test_an_unconfirmed_image_is_rolled_back(board):
    board.push(OLD)
    assert board.send(NEW, board.begin(NEW)) == len(NEW)
    assert lib.kws_slots_verify(board.slots) == lib.KWS_OK
    assert board.slots.push == lib.KWS_PUSH_VERIFIED
    assert board.active_image() == OLD
    board.start()
    assert board.active_image() == OLD
    assert lib.kws_slots_confirm(board.slots) == lib.KWS_ERROR_STATE


def test_a_damaged_image_is_replaced_by_the_older_one(board):
    board.push(OLD)
    board.push(NEW)
    board.flash.memory[SLOT_BYTES + PAGE_BYTES + 100] ^= 1
    board.start()
    assert board.active_image() == OLD


def test_data_at_another_offset_are_ignored(board):
    assert board.begin(NEW) == 0
    assert lib.kws_slots_write(board.slots, 4, NEW, 8) == 0
    assert lib.kws_slots_write(board.slots, 0, NEW, 8) == 8
    assert lib.kws_slots_write(board.slots, 0, NEW, 8) == 8
    assert board.send(NEW, 8) == len(NEW)
    assert lib.kws_slots_write(board.slots, len(NEW), NEW, 4) == lib.KWS_ERROR_ARGUMENT
    assert board.flash.faults == []


def test_wrong_sizes_are_refused(board):
    capacity = lib.kws_slots_capacity(board.slots)
    assert capacity == SLOT_BYTES - PAGE_BYTES
    assert board.begin(b"x" * (capacity + 1)) == lib.KWS_ERROR_SIZE
    assert board.begin(b"") == lib.KWS_ERROR_SIZE
    assert lib.kws_slots_write(board.slots, 0, NEW, 4) == lib.KWS_ERROR_STATE
    board.begin(NEW)
    assert lib.kws_slots_write(board.slots, 0, NEW, 6) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_slots_write(board.slots, 0, NEW + b"x", len(NEW) + 1) == lib.KWS_ERROR_ARGUMENT


def test_verify_requires_all_bytes_a_correct_crc_and_a_valid_image(board):
    board.begin(NEW)
    board.send(NEW, 0, end=3000)
    assert lib.kws_slots_verify(board.slots) == lib.KWS_ERROR_STATE
    board.send(NEW[:-1] + b"?", 3000)
    assert lib.kws_slots_verify(board.slots) == lib.KWS_ERROR_CHECKSUM
    unknown = b"????" + NEW[4:]
    board.send(unknown, board.begin(unknown))
    assert lib.kws_slots_verify(board.slots) == lib.KWS_ERROR_FORMAT
    assert lib.kws_slots_confirm(board.slots) == lib.KWS_ERROR_STATE
    assert board.push(NEW) == lib.KWS_OK


def test_resume_after_a_lost_link_continues_at_the_byte(board):
    board.begin(NEW)
    board.send(NEW, 0, end=3000)
    assert board.begin(NEW) == 3000
    assert board.begin(NEW, restart=True) == 0


@pytest.mark.parametrize("lost", ["abort", "restart"])
def test_resume_from_flash_continues_at_the_page(board, lost):
    board.begin(NEW)
    board.send(NEW, 0, end=3000)
    if lost == "abort":
        lib.kws_slots_abort(board.slots)
    else:
        board.start()
    assert board.begin(OLD) == 0  # another image takes the slot
    board.send(OLD, 0, end=4500)
    board.start()
    assert board.begin(NEW) == 0
    board.send(NEW, 0, end=4500)
    board.start()
    assert board.begin(NEW) == 2 * PAGE_BYTES
    assert board.push(NEW) == lib.KWS_OK
    assert board.active_image() == NEW
    assert board.flash.faults == []


def test_a_push_of_the_previous_image_sends_nothing(board):
    board.push(OLD)
    board.push(NEW)
    assert board.begin(OLD) == len(OLD)
    assert board.push(OLD) == lib.KWS_OK
    board.start()
    assert board.active_image() == OLD


def test_a_flash_that_does_not_store_a_word_is_detected(board):
    board.begin(NEW)
    board.send(NEW, 0, end=500)
    board.flash.memory[PAGE_BYTES + 600] = 0  # bits that cannot be set again
    assert board.send(NEW, 500) == lib.KWS_ERROR_FLASH
    assert board.push(NEW) == lib.KWS_OK  # the page is erased again


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("page_bytes", 1024),
        ("page_bytes", 2056),
        ("slot_bytes", 5000),
        ("slot_bytes", PAGE_BYTES),
        ("base", ffi.NULL),
    ],
)
def test_impossible_geometry_is_refused(board, field, value):
    setattr(board.flash.interface, field, value)
    assert (
        lib.kws_slots_open(board.slots, board.flash.interface, check_mark, ffi.NULL) == lib.KWS_ERROR_ARGUMENT
    )


def count_operations(board: Board) -> int:
    before = board.flash.num_operations
    assert board.push(NEW) == lib.KWS_OK
    return board.flash.num_operations - before


@pytest.mark.parametrize(
    "history", [[], [OLD], [OLDEST, OLD], [NEW, OLD]], ids=["none", "one", "two", "same"]
)
def test_the_power_may_fail_at_every_operation(board, history):
    for image in history:
        board.push(image)
    saved = board.flash.save()
    board.flash.restore(saved)
    total = count_operations(board)
    old = history[-1] if history else None
    num_new = num_resumed = 0
    for cut in range(total):
        board.flash.restore(saved)
        board.start()
        board.flash.cut_at = cut
        assert board.push(NEW) == lib.KWS_ERROR_FLASH and board.flash.is_off
        board.start()
        assert board.active_image() in (old, NEW), cut
        num_new += board.active_image() == NEW
        num_resumed += board.begin(NEW) > 0
        assert board.push(NEW) == lib.KWS_OK, cut
        for _ in range(2):  # unstable bits get new values
            board.start()
            assert board.active_image() == NEW, cut
        assert board.flash.faults == [], cut
    assert num_resumed > total // 3
    assert num_new < total // 3


def test_the_power_may_fail_again_while_recovering(board):
    board.push(OLDEST)
    board.push(OLD)
    saved = board.flash.save()
    draw = random.Random(5)
    total = 1350
    for _ in range(150):
        board.flash.restore(saved)
        board.start()
        held = OLD
        for image in draw.choices([NEW, OLDEST], k=draw.randint(2, 6)):
            left = draw.choice([draw.randrange(total), draw.randrange(30), total - draw.randrange(60)])
            board.flash.cut_at = board.flash.num_operations + left
            board.push(image)
            board.start()
            assert board.active_image() in (held, image)
            held = board.active_image()
            board.start()  # an unstable confirm word may read differently
            assert board.active_image() in (OLD, NEW, OLDEST)
            held = board.active_image()
        assert board.push(NEW) == lib.KWS_OK
        board.start()
        assert board.active_image() == NEW
        assert board.flash.faults == []


def test_an_interrupted_confirmation_is_completed_before_the_other_image_is_erased(board):
    board.push(OLD)
    saved = board.flash.save()
    total = count_operations(board)
    num_unsure = 0
    for _ in range(200):
        board.flash.restore(saved)
        board.start()
        board.flash.cut_at = total - 2  # in the first of the two confirm words
        assert board.push(NEW) == lib.KWS_ERROR_FLASH
        board.start()
        if board.active_image() == NEW:
            num_unsure += 1
            assert board.begin(OLDEST) == 0  # erases the slot of OLD
            for _ in range(4):
                board.start()
                assert board.active_image() == NEW
    assert num_unsure > 10
    assert board.flash.faults == []
