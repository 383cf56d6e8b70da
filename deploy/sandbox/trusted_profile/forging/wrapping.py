"""Signature wrapping in its eight known shapes (Somorovsky et al., On Breaking SAML, 2012).

Each shape puts a forger's message where the reader looks and leaves the signed one where the signature's verifier
finds it. The shapes are applied to three messages: the answer to the artifact, the response in it, its assertion.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial

from lxml import etree

from deploy.sandbox.trusted_profile import answers
from deploy.sandbox.trusted_profile.answers import Recipe
from deploy.sandbox.trusted_profile.people import Person
from deploy.sandbox.trusted_profile.xml import Element, add, q

SHAPES = range(1, 9)


def _child(parent: Element, path: str) -> Element:
    found = parent.find(path)
    if found is None:
        raise LookupError(path)
    return found


def _moved_signature(signed: Element, evil: Element) -> Element:
    """Take the signature out of the signed message and put it into the forged one."""
    signature = _child(signed, q("ds:Signature"))
    signed.remove(signature)
    evil.insert(1, signature)
    return signature


def _in_signature(signed: Element, evil: Element) -> None:
    signed.addprevious(evil)
    _moved_signature(signed, evil).append(signed)


def _beside_signature(signed: Element, evil: Element) -> None:
    signed.addprevious(evil)
    _moved_signature(signed, evil).addprevious(signed)


def _before(signed: Element, evil: Element) -> None:
    signed.addprevious(evil)


def _around(signed: Element, evil: Element) -> None:
    signed.addprevious(evil)
    evil.append(signed)


def _with_stolen_signature(signed: Element, evil: Element) -> None:
    signed.addprevious(evil)
    _moved_signature(signed, evil)


def _in_key_info(signed: Element, evil: Element) -> None:
    signed.addprevious(evil)
    _child(_moved_signature(signed, evil), q("ds:KeyInfo")).append(signed)


def _in_extensions(signed: Element, evil: Element) -> None:
    extensions = etree.Element(q("saml2p:Extensions"))
    extensions.append(evil)
    signed.addprevious(extensions)


def _in_object(signed: Element, evil: Element) -> None:
    signed.addprevious(evil)
    add(_moved_signature(signed, evil), "ds:Object").append(signed)


WRAP: dict[int, Callable[[Element, Element], None]] = {
    1: _in_signature,
    2: _beside_signature,
    3: _before,
    4: _around,
    5: _with_stolen_signature,
    6: _in_key_info,
    7: _in_extensions,
    8: _in_object,
}


def wrap_answer(shape: int, victim: Person, recipe: Recipe) -> Recipe:
    """Wrap the signed answer to the artifact in the envelope."""

    def around(envelope: Element) -> Element:
        signed = _child(envelope, f"{q('soap:Body')}/{q('saml2p:ArtifactResponse')}")
        WRAP[shape](signed, answers.answer(recipe.of_victim(victim)))
        return envelope

    return replace(recipe, around_document=around)


def wrap_response(shape: int, victim: Person, recipe: Recipe) -> Recipe:
    """Wrap the signed response in an answer that is signed as if the forger could."""

    def around(answer: Element) -> Element:
        signed = _child(answer, q("saml2p:Response"))
        WRAP[shape](signed, answers.response(recipe.of_victim(victim)))
        return answer

    return replace(recipe, around_response=around)


def wrap_assertion(shape: int, victim: Person, recipe: Recipe) -> Recipe:
    """Wrap the signed assertion, encrypted together, in a response that is signed as if the forger could."""
    signing = replace(recipe, sign_assertion=True)

    def changed(response: Element) -> Element:
        honest, evil = answers.assertion(signing), answers.assertion(recipe.of_victim(victim))
        holder = etree.Element("holder")
        holder.append(honest)
        WRAP[shape](honest, evil)
        response.remove(_child(response, q("saml2:EncryptedAssertion")))
        for part in list(holder):
            if part.tag == q("saml2p:Extensions"):
                response.append(part)
            else:
                response.append(answers.encrypted(replace(recipe, on_assertion=answers.untouched), deepcopy(part)))
        return response

    return replace(recipe, on_response=changed)


def wrappings(victim: Person) -> dict[str, Callable[[Recipe], Recipe]]:
    """Return every shape at each of the three messages, by name: `wrapped_response_4`."""
    layers = {"answer": wrap_answer, "response": wrap_response, "assertion": wrap_assertion}
    return {
        f"wrapped_{layer}_{shape}": partial(wrap, shape, victim) for layer, wrap in layers.items() for shape in SHAPES
    }
