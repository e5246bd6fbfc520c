#!/usr/bin/env bash
# Draws the sample grids of this folder: what `meshsight preview` shows of each preset, four by four, made smaller.
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
draw() {
    meshsight init "$1" > "$scratch/scene.yaml"
    meshsight preview "$scratch/scene.yaml" --out "$scratch/grid.png" --count 16 --set "image.size_hw=$3" "${@:4}"
    python -c 'import cv2, sys
grid = cv2.imread(sys.argv[1])
scale = 900 / grid.shape[1]
cv2.imwrite(sys.argv[2], cv2.resize(grid, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), [cv2.IMWRITE_JPEG_QUALITY, 62])' \
        "$scratch/grid.png" "$2.jpg"
}
draw palletjack palletjack '[204, 360]'
draw palletjack/hall palletjack_hall '[216, 360]'
draw blender-gen blender_gen '[204, 360]'
draw cv-bench cv_bench '[360, 640]'
draw dope dope '[300, 300]' --set worlds.frames=4  # four moments of four worlds
