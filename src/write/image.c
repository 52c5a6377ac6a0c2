/*
 * image.c
 *		An item as far as a write can change it, to be compared and sent again.
 *
 * The reader of rows does the reading, from the fields of the resource as if
 * they were a table's columns.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "api/omission.h"
#include "api/place.h"
#include "catalog/pg_type.h"
#include "write/image.h"

/*
 * fc_image_prepare
 *		Prepare to turn items of a table's resource into images.
 */
FcImager *
fc_image_prepare(const FcTable *table, const char *naive_timezone)
{
	const FcResource *resource = table->resource;
	FcImager   *imager = palloc0(sizeof(FcImager));
	int			count = fc_catalog_columns(resource);
	Bitmapset  *attributes = NULL;
	ListCell   *cell;

	imager->columns = fc_omission_columns(resource);
	imager->tupdesc = CreateTemplateTupleDesc(count);
	imager->table = *table;
	imager->table.natts = count;
	imager->table.columns = palloc0(count * sizeof(FcTableColumn));

	for (int i = 0; i < count; i++)
	{
		const FcColumn *column = &resource->columns[i];
		FcTableColumn *field = &imager->table.columns[i];
		bool		wanted = (imager->columns & FC_COLUMN_BIT(i)) != 0;

		TupleDescInitEntry(imager->tupdesc, i + 1, column->name,
						   wanted ? fc_value_type(column) : TEXTOID, -1, 0);
		if (!wanted)
			continue;
		field->attnum = i + 1;
		field->name = column->name;
		field->column = column;
		field->path = fc_catalog_path(column);
		attributes = bms_add_member(attributes, i + 1 -
									FirstLowInvalidHeapAttributeNumber);
	}

	imager->reader = fc_tuple_reader(imager->tupdesc, &imager->table,
									 attributes, naive_timezone);
	imager->needs = fc_tuple_needs(imager->reader, NULL);
	foreach(cell, imager->needs)
		((FcNeed *) lfirst(cell))->is_shown = false;
	return imager;
}

/*
 * fc_image_read
 *		The fields of an item that a write can change.
 */
void
fc_image_read(const FcImager *imager, FcJsonNode item, FcImage *image)
{
	const FcResource *resource = imager->table.resource;
	Datum		values[FC_MAX_COLUMNS];
	bool		isnull[FC_MAX_COLUMNS];

	fc_tuple_read(imager->reader, item, values, isnull);
	memset(image, 0, sizeof(*image));
	for (int i = 0; i < imager->table.natts; i++)
	{
		const FcColumn *column = &resource->columns[i];

		if ((imager->columns & FC_COLUMN_BIT(i)) == 0 ||
			!fc_place_is_told(item, fc_catalog_path(column)))
			continue;
		image->known |= FC_COLUMN_BIT(i);
		if (!isnull[i])
			image->texts[i] = fc_value_text(column,
											fc_value_type(column),
											values[i],
											imager->table.naive_timezone);
	}
}

/*
 * fc_image_is_empty
 *		Is a value null, or as good as null?
 */
bool
fc_image_is_empty(const char *text)
{
	static const char *const empty[] = {"", "[]", "{}"};

	if (text == NULL)
		return true;
	for (int i = 0; i < lengthof(empty); i++)
	{
		if (strcmp(text, empty[i]) == 0)
			return true;
	}
	return false;
}

/*
 * fc_image_is_reset
 *		Is a column's value null, empty or its documented default?
 */
bool
fc_image_is_reset(const FcResource *resource, const FcImage *image, int number)
{
	const char *text = image->texts[number];
	const char *reset = resource->columns[number].resets_to;

	if (fc_image_is_empty(text))
		return true;
	if (reset == NULL)
		return false;

	/* another column's value, a JSON string, or some other JSON */
	if (*reset == '{')
	{
		char	   *name = pnstrdup(reset + 1, strlen(reset) - 2);
		const FcColumn *other = fc_catalog_column(resource, name);

		reset = image->texts[fc_catalog_column_number(resource, other)];
	}
	else if (*reset == '"')
		reset = pnstrdup(reset + 1, strlen(reset) - 2);
	return reset != NULL && strcmp(text, reset) == 0;
}
