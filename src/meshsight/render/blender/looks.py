"""Pictures, materials and the environment, made once and set anew for each frame."""

import bpy
import engine
import numpy as np
import shapes


class Pictures:
    """Blender's images by key."""

    def __init__(self):
        self._held = {}

    def __getitem__(self, key):
        return self._held[key]

    def add(self, key, pixels, is_color):
        """Takes an 8-bit picture (h, w, 3) with row 0 at the top; `is_color` says that it is sRGB."""
        values = pixels.astype(np.float32) / np.float32(255)
        self._held[key] = _new_image(key, values, "sRGB" if is_color else "Non-Color", is_float=False)

    def add_radiance(self, key, radiance):
        """Takes linear radiance (h, w, 3)."""
        self._held[key] = _new_image(key, radiance, "Non-Color", is_float=True)

    def forget(self, key):
        """Frees a picture."""
        bpy.data.images.remove(self._held.pop(key))


def _new_image(key, values, colorspace, is_float):
    height, width = values.shape[:2]
    image = bpy.data.images.new(key, width, height, alpha=False, float_buffer=is_float)
    image.colorspace_settings.name = colorspace
    pixels = np.ones((height, width, 4), dtype=np.float32)
    pixels[..., :3] = values[::-1]
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    return image


class Materials:
    """Materials by what they are made of; as many of each sort as a frame needs."""

    def __init__(self, pictures):
        self._pictures = pictures
        self._pools = {}
        self._used = {}

    def begin(self):
        """Starts a frame: all are free."""
        self._used = dict.fromkeys(self._pools, 0)

    def take(self, look):
        """Returns a material with a look that nothing else of the frame uses."""
        sort = _sort_of(look)
        pool = self._pools.setdefault(sort, [])
        used = self._used.get(sort, 0)
        if used == len(pool):
            pool.append(_make_material(sort, self._pictures))
        self._used[sort] = used + 1
        _set_values(pool[used], look)
        return pool[used]

    def forget(self, picture):
        """Frees the materials that show a picture."""
        for sort in [sort for sort in self._pools if picture in sort]:
            for material in self._pools.pop(sort):
                bpy.data.materials.remove(material)


def _sort_of(look):
    """What a material is made of: flat or lit, painted vertices, three textures, which channels of one count, ..."""
    if look["flat"] is not None:
        return ("flat",)
    return (
        "lit",
        look["has_paint"],
        look["texture"],
        look["glossy_texture"],
        look["metallic_from_texture"],
        look["roughness_from_texture"],
        look["glow_texture"],
        look["recolouring"] is not None,
    )


def _make_material(sort, pictures):
    material = bpy.data.materials.new(sort[0])
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    tree.nodes.new("ShaderNodeOutputMaterial").name = "out"
    if sort[0] == "flat":
        _make_flat(tree)
    else:
        _make_lit(tree, sort, pictures)
    return material


def _make_flat(tree):
    """A surface that gives no light at all; its colour travels in passes of its own."""
    black = tree.nodes.new("ShaderNodeBsdfDiffuse")
    black.inputs["Color"].default_value = (0, 0, 0, 1)
    tree.links.new(black.outputs[0], tree.nodes["out"].inputs["Surface"])
    for name in (engine.FLAT_COLOR, engine.FLAT_COVER):
        node = tree.nodes.new("ShaderNodeOutputAOV")
        node.name = node.aov_name = name
    tree.nodes[engine.FLAT_COVER].inputs["Value"].default_value = 1.0


def _make_lit(tree, sort, pictures):
    _, has_paint, texture, glossy, is_metal_textured, is_rough_textured, glow, is_recoloured = sort
    principled = tree.nodes.new("ShaderNodeBsdfPrincipled")
    principled.name = "surface"
    tree.links.new(principled.outputs[0], tree.nodes["out"].inputs["Surface"])
    color = _color_factor(tree, "color")
    if texture is not None:
        color = _product(tree, color, _texture(tree, pictures[texture]).outputs["Color"])
    if has_paint:
        paint = tree.nodes.new("ShaderNodeVertexColor")
        paint.layer_name = shapes.PAINT
        color = _product(tree, color, paint.outputs["Color"])
    if is_recoloured:
        turned = tree.nodes.new("ShaderNodeHueSaturation")
        turned.name = "recolouring"
        tree.links.new(color, turned.inputs["Color"])
        color = turned.outputs[0]
    tree.links.new(color, principled.inputs["Base Color"])
    shine = _color_factor(tree, "glow")
    if glow is not None:
        shine = _product(tree, shine, _texture(tree, pictures[glow]).outputs["Color"])
    tree.links.new(shine, principled.inputs["Emission Color"])
    if glossy is not None:
        channels = tree.nodes.new("ShaderNodeSeparateColor")
        tree.links.new(_texture(tree, pictures[glossy]).outputs["Color"], channels.inputs[0])
        for is_textured, channel, socket in (
            (is_rough_textured, "Green", "Roughness"),
            (is_metal_textured, "Blue", "Metallic"),
        ):
            if is_textured:
                scaled = tree.nodes.new("ShaderNodeMath")
                scaled.operation, scaled.name = "MULTIPLY", socket
                tree.links.new(channels.outputs[channel], scaled.inputs[0])
                tree.links.new(scaled.outputs[0], principled.inputs[socket])


def _texture(tree, image):
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image, node.extension, node.interpolation = image, "REPEAT", "Linear"
    return node


def _color_factor(tree, name):
    node = tree.nodes.new("ShaderNodeRGB")
    node.name = name
    return node.outputs[0]


def _product(tree, a, b):
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = "MULTIPLY"
    tree.links.new(a, node.inputs[0])
    tree.links.new(b, node.inputs[1])
    return node.outputs[0]


def _set_values(material, look):
    nodes = material.node_tree.nodes
    if look["flat"] is not None:
        nodes[engine.FLAT_COLOR].inputs["Color"].default_value = (*look["flat"], 1)
        return
    surface = nodes["surface"]
    nodes["color"].outputs[0].default_value = (*look["color"], 1)
    if look["recolouring"] is not None:
        sixths, factor = look["recolouring"]
        turned = nodes["recolouring"].inputs
        turned["Hue"].default_value = (0.5 + sixths / 6) % 1  # a half is no turn
        turned["Saturation"].default_value = factor
    glow = look["glow"]
    nodes["glow"].outputs[0].default_value = (*glow, 1)
    surface.inputs["Emission Strength"].default_value = 1.0 if any(glow) else 0.0
    for name, value in (("Roughness", look["roughness"]), ("Metallic", look["metallic"])):
        socket = nodes[name].inputs[1] if name in nodes else surface.inputs[name]
        socket.default_value = value


class Sky:
    """The environment that lights the scene; the camera sees through it."""

    def __init__(self, scene, pictures, map_resolution):
        self._pictures = pictures
        world = scene.world = bpy.data.worlds.new("sky")
        if bpy.app.version < (5, 0):
            world.use_nodes = True
        # Changed after the first render this would be ignored, and automatic maps cost most of a second a frame.
        world.cycles.sampling_method = "MANUAL"
        world.cycles.sample_map_resolution = map_resolution
        tree = world.node_tree
        tree.nodes.clear()
        place, self._turn, self._map, self._light, out = (
            tree.nodes.new(kind)
            for kind in (
                "ShaderNodeTexCoord",
                "ShaderNodeMapping",
                "ShaderNodeTexEnvironment",
                "ShaderNodeBackground",
                "ShaderNodeOutputWorld",
            )
        )
        tree.links.new(place.outputs["Generated"], self._turn.inputs["Vector"])
        tree.links.new(self._turn.outputs[0], self._map.inputs[0])
        tree.links.new(self._map.outputs[0], self._light.inputs["Color"])
        tree.links.new(self._light.outputs[0], out.inputs["Surface"])

    def set(self, environment):
        """Takes the map, its strength and its turn about z."""
        image = self._pictures[environment["map"]]
        if self._map.image != image:
            self._map.image = image
        self._turn.inputs["Rotation"].default_value = (0, 0, -environment["rotation_rad"])
        self._light.inputs["Strength"].default_value = environment["strength"]
