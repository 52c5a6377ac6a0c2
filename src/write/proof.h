/*
 * proof.h
 *		What PUTs do to fields that they are not meant to change.
 */
#ifndef FC_PROOF_H
#define FC_PROOF_H

#include "write/image.h"
#include "write/send.h"

/* How a PUT treated fields that were not to change. */
typedef enum FcTreatment
{
	FC_LEFT_OUT,				/* they were not in its body */
	FC_SENT_ALONG				/* they were, as they had been read */
} FcTreatment;

extern bool fc_proof_is_needed(const FcSender *sender,
							   FcTreatment treatment,
							   const FcImage *before, uint64 columns);
extern uint64 fc_proof_changed(const FcResource *resource,
							   const FcImage *before, const FcImage *after,
							   uint64 columns);
extern void fc_proof_note(FcSender *sender, FcTreatment treatment,
						  const FcImage *before, uint64 columns);
extern FcProof fc_proof_holds(const FcResource *resource,
							  const FcImage *sent, const FcImage *found);

#endif							/* FC_PROOF_H */
