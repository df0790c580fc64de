"""What signing in, people, devices and settings may be refused for."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound
from quantbox.core.text import Text

__all__ = [
    "CurrentPasswordWrong",
    "DeviceUnknown",
    "LastOwner",
    "LaunchTokenRefused",
    "NameInvalid",
    "NameTaken",
    "OwnPersonKept",
    "OwnerPasswordSet",
    "PasswordChangedTooOften",
    "PasswordCommon",
    "PasswordIsPassphrase",
    "PasswordShort",
    "PersonUnknown",
    "SecondFactorNeeded",
    "SessionUnknown",
    "SettingInvalid",
    "SignInExpired",
    "SignInRefused",
    "TooManyAttempts",
]


class TooManyAttempts(Denied):
    """Wrong pass phrases or codes came too fast."""

    code = "user_auth.too_many_attempts"
    sentence = Text(
        "连续输错 {failures} 次，请等待 {retry_after_seconds} 秒",
        "It was wrong {failures} times in a row; wait {retry_after_seconds} seconds",
    )
    hint = Text("等待后再试；数据没有受到影响", "Try again after that; the data is not affected")


class PasswordChangedTooOften(Denied):
    """Every new password tells whether it is the pass phrase of the data, so they cannot be tried one after the other."""

    code = "user_auth.password_changed_too_often"
    sentence = Text(
        "密码修改得太频繁，请等待 {retry_after_seconds} 秒",
        "The password was changed too often; wait {retry_after_seconds} seconds",
    )
    hint = Text("等待后再试", "Try again after that")


class SignInRefused(Denied):
    """The first step of signing in failed: unknown name, wrong password and too many tries are told apart to nobody."""

    code = "user_auth.sign_in_refused"
    sentence = Text("用户名或密码不正确", "The name or the password is wrong")
    hint = Text(
        "请检查后重试；连续多次输错后，需要等待最多 60 秒才会受理",
        "Check them and try again; after several wrong tries in a row it takes up to 60 seconds until one is considered",
    )


class SignInExpired(Denied):
    """There is no proof of the password, or it has waited too long for the second factor."""

    code = "user_auth.sign_in_expired"
    sentence = Text("登录验证已超时", "The sign-in has waited too long")
    hint = Text("请重新输入用户名和密码", "Give the name and the password again")


class SecondFactorNeeded(Denied):
    """The act needs a second factor too, for one is enrolled."""

    code = "user_auth.second_factor_needed"
    sentence = Text("还需要第二重验证", "A second factor is needed as well")
    hint = Text("请输入动态码、短信验证码或备用码", "Give a code of the authenticator, a text message or a recovery code")


class CurrentPasswordWrong(Denied):
    """The present password is not the one given."""

    code = "user_auth.current_password_wrong"
    sentence = Text("当前密码不正确", "The present password is wrong")
    hint = Text("请检查大小写和输入法后重试", "Check capitals and the input method, then try again")


class LaunchTokenRefused(Denied):
    """The launch token is unknown or was used before."""

    code = "user_auth.launch_token_refused"
    sentence = Text("启动凭证无效或已使用", "The launch token is unknown or was used before")
    hint = Text("请用密码登录", "Sign in with your password instead")


class PasswordShort(Invalid):
    """A new password has too few characters."""

    code = "user_auth.password_short"
    sentence = Text(
        "密码只有 {characters} 个字符，至少需要 {minimum} 个",
        "The password has {characters} characters; at least {minimum} are needed",
    )
    hint = Text("可以用几个不相干的词连在一起", "A few unrelated words in a row are easy to remember")


class PasswordCommon(Invalid):
    """A new password is among the first that anybody would guess."""

    code = "user_auth.password_common"
    sentence = Text("这个密码太常见，很容易被猜到", "This password is too common and easily guessed")
    hint = Text(
        "请避开常用词、连续或重复的字符和自己的名字",
        "Avoid common words, rows of neighbouring or repeated characters, and your name",
    )


class PasswordIsPassphrase(Invalid):
    """A new password is the pass phrase of the data."""

    code = "user_auth.password_is_passphrase"
    sentence = Text("登录密码不能与数据口令相同", "The password may not be the pass phrase of the data")
    hint = Text(
        "口令打开数据，密码只用于登录；请另选一个", "The pass phrase opens the data, the password signs in; choose another"
    )


class OwnerPasswordSet(Conflict):
    """The owner has a password already."""

    code = "user_auth.owner_password_set"
    sentence = Text("所有者已设置登录密码", "The owner has a password already")
    hint = Text("请用它登录；忘记时可凭口令重设", "Sign in with it, or reset it with the pass phrase")


class NameInvalid(Invalid):
    """A person cannot be called that."""

    code = "user_auth.name_invalid"
    sentence = Text(
        "用户名应为 1 到 {maximum} 个字符，不含控制字符",
        "A name has 1 to {maximum} characters and no control characters",
    )
    hint = Text("请换一个名字", "Choose another name")


class NameTaken(Conflict):
    """Somebody else is called that."""

    code = "user_auth.name_taken"
    sentence = Text("用户名 {name} 已被使用", "The name {name} is taken")
    hint = Text("请换一个名字；大小写不作区分", "Choose another; capitals make no difference")


class PersonUnknown(NotFound):
    """Nobody has this id or name."""

    code = "user_auth.person_unknown"
    sentence = Text("没有这个人", "There is no such person")
    hint = Text("请刷新名单", "Read the list again")


class LastOwner(Conflict):
    """The store would be left without anybody who may do everything."""

    code = "user_auth.last_owner"
    sentence = Text("至少要保留一位可登录的所有者", "At least one owner who can sign in has to remain")
    hint = Text("请先让另一个人成为所有者", "Make somebody else an owner first")


class OwnPersonKept(Conflict):
    """Nobody changes their own role or removes themselves."""

    code = "user_auth.own_person_kept"
    sentence = Text(
        "不能更改自己的角色、停用或删除自己", "You cannot change your own role, switch yourself off or remove yourself"
    )
    hint = Text("请由另一位所有者操作", "Another owner can do it")


class DeviceUnknown(NotFound):
    """No device has this id."""

    code = "user_auth.device_unknown"
    sentence = Text("没有这台设备", "There is no such device")
    hint = Text("请刷新设备列表", "Read the list of devices again")


class SessionUnknown(NotFound):
    """No session has this id."""

    code = "user_auth.session_unknown"
    sentence = Text("没有这个登录，或它已结束", "There is no such session, or it has ended")
    hint = Text("请刷新登录列表", "Read the list of sessions again")


class SettingInvalid(Invalid):
    """A setting was given a value outside its bounds."""

    code = "user_auth.setting_invalid"
    sentence = Text("设置 {name} 的值 {value} 无效，应为 {allowed}", "The setting {name} cannot be {value}; it must be {allowed}")
    hint = Text("请改用允许的值", "Use an allowed value")
