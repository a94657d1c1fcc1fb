//! Members.

use model::{Member, MemberId, Role};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{error::Result, sql::At, tables::parse::Row, tx::Tx};

statements! {
    INSERT = "INSERT INTO members (tenant_id, id, email, name, role, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT DO NOTHING";
    ALL = "SELECT id, email, name, role, created_at FROM members WHERE tenant_id = $1 ORDER BY id";
}

/// Members of one tenant.
pub struct Members<'a>(pub(crate) &'a mut Tx);

impl Members<'_> {
    /// Adds a member; `false` when its address is taken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert(&mut self, member: &Member) -> Result<bool> {
        self.0.changes_no_check();
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(INSERT)
            .bind(tenant)
            .bind(member.id.uuid())
            .bind(member.email.as_str())
            .bind(member.name.as_str())
            .bind(member.role.code())
            .bind(At(member.created_at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// All members, oldest first.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn all(&mut self) -> Result<Vec<Member>> {
        let tenant = self.0.tenant.uuid();
        let rows: Vec<MemberRow> = on!(self.0, c => sqlx::query_as(ALL).bind(tenant).fetch_all(c).await)?;
        rows.into_iter().map(Member::try_from).collect()
    }
}

#[derive(FromRow)]
struct MemberRow {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    created_at: At,
}

impl TryFrom<MemberRow> for Member {
    type Error = crate::Error;

    fn try_from(row: MemberRow) -> Result<Self> {
        let at = Row::new("members", row.id);
        Ok(Self {
            id: MemberId::from_uuid(row.id),
            email: at.parse("email", &row.email)?,
            name: at.parse("name", &row.name)?,
            role: at.check("role", Role::from_code(&row.role))?,
            created_at: row.created_at.0,
        })
    }
}
