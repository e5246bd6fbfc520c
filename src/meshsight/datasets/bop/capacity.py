"""What BOP can say of a sample, the same for its folders and its shards."""

from meshsight.datasets.bop.terms import in_bop_words
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.class_names import NameRule

CAPACITY = Capacity(
    keeps={
        Part.BOX: 1e-9,
        Part.FULL_BOX: 1e-9,
        Part.MASK: EXACT,
        Part.FULL_MASK: EXACT,
        Part.PIXELS: EXACT,
        Part.STATED: EXACT,
        Part.POSE: 1e-9,
        Part.MESH: EXACT,
        Part.CAMERA: 1e-9,
        Part.LENS: EXACT,
        Part.CAMERA_POSE: EXACT,
        Part.GROUP: EXACT,
    },
    needs=frozenset({Part.POSE}),
    names=NameRule(rule="any text; BOP itself has numbers, and classes.json keeps the names"),
    in_its_words=in_bop_words,
    notes=(
        "Objects without a pose, in images without a camera, and hidden ones are left out.",
        "Poses are in millimetres to the centre of the object's box; the mesh's own frame is restored on reading.",
        "Each size of a class is a model with an id of its own, since BOP's poses are rigid.",
        "Principal points are 0.5 less than ours: BOP's pixel centres are whole numbers.",
        "A lens's distortion stands in `distortion` beside `cam_K` (k1, k2, p1, p2, k3: OpenCV's order), a key of "
        "ours: BOP itself knows no lens, so other readers take the camera for a pinhole.",
        "The width of a box is its last pixel's index less its first's, as bop_toolkit has it.",
        "`px_count_valid` is the number of silhouette pixels within the image: nothing is lost to a depth sensor.",
        "There are no depth images; `depth_scale` is 1.",
        "Of a stated visibility the visible share is kept, where there are no exact counts.",
    ),
)
