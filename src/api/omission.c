/*
 * omission.c
 *		What a PUT of an account does to the fields that it leaves out.
 *
 * The vendor's page of courses says that a PUT keeps them.  The pages of dates
 * and customers do not say.  Then the option omitted_fields decides, or else
 * what was learned of the account, field by field.  write/proof.c describes
 * how it is learned.
 */
#include "postgres.h"

#include "api/omission.h"
#include "api/value.h"

/*
 * fc_omission_rule
 *		What is known of a PUT: by the option, the documentation, or
 *		experience.
 *
 * Without option and documentation it is unknown, unless a field was seen to
 * be reset: that one field stays says nothing of the others.
 */
FcOmitted
fc_omission_rule(const FcTable *table, const FcLearned *learned)
{
	if (table->omitted != FC_OMITTED_UNKNOWN)
		return table->omitted;
	if ((table->resource->abilities & FC_FORGETFUL) == 0)
		return FC_OMITTED_KEPT;
	if (learned->flags & FC_LEARNED_RESETS)
		return FC_OMITTED_RESET;
	return FC_OMITTED_UNKNOWN;
}

/*
 * fc_omission_columns
 *		The columns that a write can change and that can be read, as bits by
 *		number; those that we cannot send included.
 */
uint64
fc_omission_columns(const FcResource *resource)
{
	uint64		columns = 0;

	for (int i = 0; resource->columns[i].name; i++)
	{
		const FcColumn *column = &resource->columns[i];

		if ((column->writes != NULL || (column->flags & FC_HELD) != 0) &&
			(column->flags & FC_WRITE_ONLY) == 0)
			columns |= FC_COLUMN_BIT(i);
	}
	return columns;
}

/*
 * fc_omission_held
 *		The columns that a PUT may reset, and that we cannot send, as bits.
 */
uint64
fc_omission_held(const FcResource *resource)
{
	uint64		columns = 0;

	for (int i = 0; resource->columns[i].name; i++)
	{
		if (resource->columns[i].flags & FC_HELD)
			columns |= FC_COLUMN_BIT(i);
	}
	return columns;
}

/*
 * fc_omission_unproven
 *		The columns whose old values an UPDATE has to know, as a PUT may reset
 *		them.
 */
uint64
fc_omission_unproven(const FcTable *table, const FcLearned *learned)
{
	if (fc_omission_rule(table, learned) != FC_OMITTED_UNKNOWN)
		return 0;
	return fc_omission_columns(table->resource) &
		~(learned->put.kept | learned->put.unread);
}

/*
 * fc_omission_merge
 *		Add more lessons to some.
 *
 * Two values of a field that both stayed prove that it stays.
 */
void
fc_omission_merge(FcPutLessons *lessons, const FcPutLessons *more)
{
	lessons->kept |= more->kept;
	lessons->sent |= more->sent;
	lessons->cleared |= more->cleared;
	lessons->stuck |= more->stuck;
	lessons->unread |= more->unread;
	for (int i = 0; i < lengthof(lessons->values); i++)
	{
		if (more->values[i] == 0)
			continue;
		if (lessons->values[i] != 0 && lessons->values[i] != more->values[i])
			lessons->kept |= FC_COLUMN_BIT(i);
		lessons->values[i] = more->values[i];
	}
}
