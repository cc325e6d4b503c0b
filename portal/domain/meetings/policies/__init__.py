"""Policies (渠道政策): drafted, presented at meetings, told to everybody concerned, and only then in force (M1).

from → to               by whom                        what it takes
draft → tied            who holds the meeting          a meeting that is neither over nor called off
tied → draft            who holds the meeting          the last meeting is untied
tied → presented        who holds the meeting          the meeting has begun; who is concerned is listed for good
presented → released    who releases for its office    everybody listed was told; a day not before today
any → withdrawn         who writes it, or, once it     a reason
                        was released, who releases

Each distributor is told at a meeting it attended (by signature or by a tick) or briefed afterwards (visit, telephone,
mail). Released, the policy is in force from its day on, until it is withdrawn or a later one that replaces it takes
effect. No move leads back once it was presented, and nothing is deleted.
"""
