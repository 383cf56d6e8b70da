"""Add members of staff: an account with a role, and a password that comes by standard input or prompt."""

import uuid

from services.identity.commands.tools import Tools, execute
from services.identity.domain.accounts import (
    AccountTakenError,
    ChangePassword,
    GrantRole,
    OpenStaffAccount,
    StaffRole,
)
from services.identity.domain.passwords import violations
from services.identity.domain.people import fold_login, login, name
from services.identity.read_models import accounts, audit, credentials, sessions
from services.identity.read_models.accounts import NewAccount
from services.identity.read_models.audit import Action


class BadPasswordError(Exception):
    """The password is not good enough; the text says why, in Polish, as tenants are told."""


async def staff_account(tools: Tools, written_login: str) -> str | None:
    """Find the account of a staff member's login; None when there is no such login.

    Raises:
        ValueError: the login is not written as logins are.
        AccountTakenError: the login is a tenant's.
    """
    key = fold_login(login(written_login))
    async with tools.database.connection() as connection:
        found = (await accounts.taken(connection, [key])).get(key)
    if found is None:
        return None
    if found.person_id is not None:
        raise AccountTakenError(f"the login {written_login} is a tenant's")
    return found.account_id


async def open_staff_account(
    tools: Tools, written_login: str, role: StaffRole, password: str, called: str | None = None
) -> str:
    """Open a staff member's account; gives its id. `called`: how colleagues know them; None: by the login.

    Raises:
        BadPasswordError: the password is not good enough.
        LoginTakenError: the login has been taken meanwhile.
        ValueError: the name cannot be one.
    """
    password_hash = await _hashed(tools, written_login, password)
    account_id = str(uuid.uuid4())
    async with tools.database.transaction() as tx:
        await accounts.add(tx, [NewAccount(account_id, None, login(written_login), name(called) if called else None)])
        await execute(tools, tx, account_id, OpenStaffAccount(tools.today(), role))
        await credentials.set_password(tx, account_id, password_hash, tools.clock())
        await audit.note(tx, tools.clock(), Action.STAFF_ADDED, account_id, role)
    return account_id


async def grant_role(tools: Tools, account_id: str, role: StaffRole) -> bool:
    """Give a staff member one more role; False when they have it already."""
    async with tools.database.transaction() as tx:
        before = await execute(tools, tx, account_id, GrantRole(role))
        granted = role not in before.roles
        if granted:
            await audit.note(tx, tools.clock(), Action.ROLE_GRANTED, account_id, role)
    return granted


async def call(tools: Tools, account_id: str, called: str) -> None:
    """Let colleagues know a staff member by another name.

    Raises:
        ValueError: it cannot be one.
    """
    async with tools.database.transaction() as tx:
        await accounts.call(tx, account_id, name(called))


async def replace_password(tools: Tools, account_id: str, written_login: str, password: str) -> None:
    """Give a staff member a new password and end their sessions.

    Raises:
        BadPasswordError: the password is not good enough.
    """
    password_hash = await _hashed(tools, written_login, password)
    async with tools.database.transaction() as tx:
        await credentials.lock(tx, account_id)
        await execute(tools, tx, account_id, ChangePassword())
        await credentials.set_password(tx, account_id, password_hash, tools.clock())
        await sessions.end_of_accounts(tx, [account_id])
        await audit.note(tx, tools.clock(), Action.PASSWORD_CHANGED, account_id, "by an operator")


async def _hashed(tools: Tools, written_login: str, password: str) -> str:
    if found := violations(password, owner_words=[written_login]):
        raise BadPasswordError(" ".join(found))
    return await tools.passwords.hash(password)
